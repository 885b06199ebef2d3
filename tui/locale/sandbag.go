package locale

// Texts of promises that follow the calendar.
var (
	PaneSandbag     = text("压单与灌水", "Sandbagging")
	SandbagCases    = text("习惯背后的商机", "Deals behind the habits")
	SandbagDeals    = text("赢单", "Won")
	SandbagCluster  = text("月末扎堆", "month's end")
	SandbagOver     = text("推过季末", "over the end")
	SandbagRush     = text("季末冲单", "late rush")
	SandbagEarly    = text("提前天", "Early d")
	SandbagVerdict  = text("结论", "Verdict")
	SandbagHabit    = text("习惯", "Habit")
	SandbagFew      = text("太少 (%s)", "few (%s)")
	SandbagTooFew   = text("样本太少, 不下结论", "too few to say")
	SandbagNone     = text("与随机无异", "as chance has it")
	SandbagNobody   = text("没有可以检验的人", "nobody to test")
	SandbagHead     = text("%s 至 %s: %s 人有习惯, 共检验 %s 人, %s 人样本太少 (少于 %s)", "%s to %s: a habit with %s of %s people; too few deals to say with %s (under %s)")
	SandbagTest     = text("%s / %s, 随机应为 %s, p = %s, 多重检验校正后 q = %s", "%s of %s where chance gives %s; p = %s, corrected for all tests q = %s")
	SandbagTooFewOf = text("只有 %s 个, 至少 %s 个才下结论", "only %s; %s are the least to say anything")
	SandbagCaseHead = text("%s 次", "%s {case|cases}")
)
