package locale

// Texts of the deviation report.
var (
	PaneDeviation        = text("预测偏差", "Deviation")
	DeviationKind        = text("偏差", "Miss")
	DeviationExpected    = text("承诺额", "Promised")
	DeviationActual      = text("实际额", "Came")
	DeviationDiff        = text("差额", "Diff")
	DeviationNow         = text("承诺日 > 现在", "Promise > now")
	DeviationCauses      = text("原因", "Causes")
	DeviationHead        = text("%s 承诺 %s, 实际 %s", "%s: promised %s, came %s")
	DeviationParted      = text("少 %s, 多 %s", "short by %s, over by %s")
	DeviationRunning     = text("期间未结束", "still running")
	DeviationMissed      = text("%s 个商机有偏差", "%s {deal|deals} off")
	DeviationCorrected   = text("人工更正 %s 个, 首因保留 %s 个", "%s corrected, the first cause kept in %s")
	DeviationNoValue     = text("%s 个没有金额或汇率", "%s without an amount or a rate")
	DeviationUnexplained = text("未解释", "unexplained")
	DeviationNone        = text("这一期没有偏差", "no miss in this period")
	DeviationPushes      = text("期内推迟 %s 次", "pushed %s {time|times} within it")
	DeviationBy          = text("%s 于 %s 更正: %s", "corrected by %s on %s: %s")
	DeviationNoEvidence  = text("没有证据提到原因; c 填写原因", "no evidence names a cause; c enters one")
	DeviationSurplus     = text("多出的不找原因", "what came beyond the promise is not explained")
	DeviationCorrect     = text("更正原因", "correct causes")
	DeviationTag         = text("看证据", "evidence")
	DeviationMonth       = text("上/下月", "month")
)

var (
	missKinds = map[string]Key{"slipped": text("推迟", "slipped"), "lost": text("输单", "lost"), "shrunk": text("缩水", "shrunk"), "grown": text("增额", "grown"),
		"early": text("提前", "early"), "created": text("新增", "created")}
	saidIn = map[string]Key{"touch": text("拜访", "touch"), "document": text("文件", "document"), "field": text("字段", "field")}
)

// Miss names how a deal parted from its forecast.
func (l *Locale) Miss(kind string) string {
	if k, ok := missKinds[kind]; ok {
		return l.T(k)
	}
	return kind
}

// SaidIn names what a sentence of evidence stands in.
func (l *Locale) SaidIn(source string) string {
	if k, ok := saidIn[source]; ok {
		return l.T(k)
	}
	return source
}
