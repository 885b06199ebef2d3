package locale

// Texts of the log of evaluations.
var (
	PaneLog  = text("评级日志", "Evaluations")
	LogCount = text("%s 次评级", "%s {evaluation|evaluations}")
	LogNone  = text("还没有按规则评级过", "nobody was judged by the rules yet")
	LogWould = text("按得分", "By score")
	LogWhy   = text("何故", "Because")
	LogRule  = text("规则", "Rules")
	LogFault = text("不可信输入", "Not relied on")
)

var logWhys = map[string]Key{
	"month": text("月末", "month's end"), "day": text("每日", "nightly"), "change": text("数据变动", "new data"), "rules": text("规则变更", "new rules"), "signal": text("战略信号", "a signal"),
	"healed": text("数据恢复", "healed"),
}

// EvaluationWhy names for what customers were judged.
func (l *Locale) EvaluationWhy(key string) string {
	if k, ok := logWhys[key]; ok {
		return l.T(k)
	}
	return key
}
