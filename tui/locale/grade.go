package locale

import "flightdeck/store"

// Texts of how a customer is judged.
var (
	GradeBehaviours = text("健康构成", "Health made of")
	GradeBehaviour  = text("行为", "Behaviour")
	GradeValue      = text("现值", "Value")
	GradePoints     = text("贡献", "Points")
	GradeCosts      = text("失分", "Lost")
	GradeMonth      = text("较30天前", "In 30 days")
	GradeState      = text("新鲜度", "Freshness")
	GradeDaysOld    = text("%s 天前", "%s {day|days} old")
	GradeHeldSince  = text("有输入不可信, 分级自 %s 起不动: %s", "the grade is left alone since %s, because an input cannot be relied on: %s")
	GradeHeldInput  = text("%s (%s, 自 %s)", "%s (%s, since %s)")
	RulesWrong      = text("规则自 %s 有误: %s; 未采用, 按版本 %s 判断", "rules wrong since %s: %s; not in force, version %s judges")
	RulesWrongSince = text("%s (自 %s 有误, 未采用, 按版本 %s 判断)", "%s (wrong since %s, not in force, version %s judges)")
	RulesWrongMore  = text(" (另有 %s 处)", " (and %s more)")
	RulesWrongMark  = text("规则有误", "rules wrong")
	RulesWrongTitle = text("规则", "rules")
	GradeWaits      = text("首次读取完成后才评级, 在等 %s", "nobody is judged before the first reading is done; waiting for %s")
	GradeWaitsInput = text("%s 首次读取中, 读完前沿用原值: %s", "%s being read for the first time; until then as before: %s")
	GradeWaitsNew   = text("%s 首次读取中, 读完后评其客户", "%s being read for the first time; its customers are judged then")
	GradeGreen      = text("绿", "green")
	GradeYellow     = text("黄", "yellow")
	GradeRed        = text("红", "red")
	GradeScoreOf    = text("%s (得分 %s)", "%s (score %s)")
	GradeWeight     = text("权重 %s", "weight %s")
	GradePlay       = text("该做", "Playbook")
	GradePlayOwed   = text("%s: 逾期 %s", "%s: %s late")
	GradePlayToday  = text("%s: 今天", "%s: today")
	GradePlayNever  = text("%s: 从未做过", "%s: never done")
	GradePlayNext   = text("%s: 下次 %s", "%s: next %s")
)

var inputStates = [...]Key{
	store.InputFresh: text("正常", "fresh"), store.InputStale: text("过期", "stale"), store.InputMissing: text("缺失", "missing"), store.InputMistyped: text("改型", "mistyped"),
	store.InputOutside: text("越界", "out of bounds"), store.InputShifted: text("突变", "shifted"), store.InputUnknown: text("未知", "unknown"),
	store.InputUnread: text("待读取", "not read yet"),
}

// InputState names how far an input can be relied on.
func (l *Locale) InputState(s store.InputState) string {
	if s.Valid() {
		return l.T(inputStates[s])
	}
	return s.String()
}
