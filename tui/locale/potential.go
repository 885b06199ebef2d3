package locale

// Texts of the customers that are promoted as high potential.
var (
	PanePotential   = text("高潜客户", "High potential")
	PotentialLeast  = text("健康度", "Health")
	PotentialNew    = text("想要的新产品", "Wants")
	PotentialSignal = text("信号", "Signals")
	PotentialHead   = text("高潜 %s 个 (健康度达标 %s 个: 月末均高于 %s, %s)", "%s of %s healthy customers (health above %s at %s)")
	PotentialNone   = text("没有高潜客户", "nobody is promoted")
	PotentialIntent = text("购买意向: %s", "intent: %s")
	PotentialSheet  = text("方案: flightdeck potential --proposal %s", "sheet: flightdeck potential --proposal %s")
	PotentialCourse = text("月末健康度 %s", "health at month ends %s")
)
