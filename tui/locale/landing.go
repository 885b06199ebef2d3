package locale

// baselines are the plain methods that a forecast is held against, zh and en.
var baselines = map[string][2]string{
	"naive":          {"上期实际", "Last period"},
	"year_ago":       {"去年同期", "Year ago"},
	"stage_weighted": {"阶段加权", "Stage-weighted"},
	"rep_call":       {"销售自报", "Rep's call"},
}

// Baseline names a plain method of forecasting; an unknown one names itself.
func (l *Locale) Baseline(key string) string {
	if t, ok := baselines[key]; ok {
		return l.Pick(t[0], t[1])
	}
	return key
}

// Texts of the landing and of what if.
var (
	PaneLanding   = text("落点", "Landing")
	LandMove      = text("移日期", "move date")
	LandScale     = text("改金额", "amount")
	LandDrop      = text("去掉/放回", "drop")
	LandUndo      = text("撤一步", "undo")
	LandChance    = text("期内", "Chance")
	LandHeld      = text("兑现", "Held")
	LandExpected  = text("期望", "Expected")
	LandDropped   = text("(去掉)", "(dropped)")
	LandNoDeals   = text("没有在手商机", "no open deal here")
	LandSimple    = text("已成交 %s, 加权 %s", "closed %s, weighted %s")
	LandRange     = text("%s (%s 至 %s)", "%s (%s to %s)")
	LandReach     = text("达成 %s", "quota %s")
	LandDiff      = text("中位 %s, 平均 %s", "middle %s, mean %s")
	LandReachDiff = text("达成概率 %s 个百分点", "chance of the quota %s points")
	LandTried     = text("%s 个商机的假设, esc 全部放弃", "%s {deal|deals} otherwise; esc discards")
	LandCount     = text("%s 个在手商机, 按期望金额", "%s open {deal|deals} by expected money")
	LandSome      = text("%s 个在手商机, 列出期望金额最大的 %s 个", "%s open {deal|deals}; the %s that bring the most")
	LandHeldOf    = text("期内赢率 %s; 过去 %s 个说成 %s 的商机中 %s 按期赢单", "chance %s; of %s past deals said to have %s, %s were won in time")
	LandFew       = text(" (样本少)", " (few to go by)")
	LandHeldNone  = text("期内赢率 %s; 还没有过去的预测可以对照", "chance %s; there are no past forecasts to hold it against")
	LandHalf      = text("半年内赢单 %s, 其中一半在 %s 之前", "won within half a year: %s, half of that by %s")
	LandRaises    = text("提高: %s", "raises: %s")
	LandLowers    = text("降低: %s", "lowers: %s")
	LandRaise     = text("提高", "raises")
	LandLower     = text("降低", "lowers")
	LandOdds      = text("机会比 x%s", "odds x%s")
	LandOddsDown  = text("机会比 /%s", "odds /%s")
	LandDays      = text("%s 天", "%s days")
	LandTimes     = text("%s 次", "%s times")
	LandFold      = text("%s 倍", "%s-fold")
)

// features are what makes a deal more or less likely to be won in time.
var features = map[string]Key{
	"stage": text("阶段", "stage"), "age": text("年龄", "age"), "promise": text("承诺日", "promised day"), "season": text("季度时段", "time of the quarter"),
	"stay": text("阶段停留", "days in stage"), "size": text("金额对同类", "size against usual"), "push": text("改期", "pushes"), "touch": text("近四周触达", "touches in 4 weeks"),
	"call": text("销售自评", "the rep's call"), "silence": text("沉默", "silence"), "product": text("产品", "product"), "team": text("团队", "team"), "rep": text("销售", "rep"),
}

// Feature names a feature; an unknown one names itself.
func (l *Locale) Feature(key string) string {
	if k, ok := features[key]; ok {
		return l.T(k)
	}
	return key
}

// odd says why what a deal brings is not its amount.
var odd = map[string]Key{
	"no_amount":     text("没有金额: 按这类商机的惯常金额计", "no amount: counted with what such deals have brought"),
	"no_rate":       text("没有汇率: 金额不计入", "no rate: its money is in no figure"),
	"beyond_belief": text("金额大得不可信: 按历史最大赢单计", "an amount beyond belief: counted as the largest ever won"),
}

// Odd says why what a deal brings is not its amount.
func (l *Locale) Odd(key string) string {
	if k, ok := odd[key]; ok {
		return l.T(k)
	}
	return key
}

// pushes are how a promise moved in the last quarter.
var pushes = map[string]Key{"unmoved": text("未改", "unmoved"), "pulled_in": text("提前", "pulled in"), "1-45": text("推后 1-45 天", "1-45 days later"), "46+": text("推后 46 天以上", "46+ days later")}

// Push says how a promise moved.
func (l *Locale) Push(key string) string {
	if k, ok := pushes[key]; ok {
		return l.T(k)
	}
	return key
}
