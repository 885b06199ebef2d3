package locale

// Texts of the weights by which customers are graded.
var (
	PaneWeights      = text("评级权重", "Weights")
	WeightsInForce   = text("在用", "in force")
	WeightsRules     = text("规则", "by the rules")
	WeightsTried     = text("试算", "tried")
	WeightsScore     = text("得分", "Score")
	WeightsPreset    = text("预设", "preset")
	WeightsVersion   = text("规则版本 %s", "rules %s")
	WeightsChanged   = text("改动 %s 项", "%s {weight|weights} changed")
	WeightsUp        = text("升级 %s 个 (%s)", "%s up (%s)")
	WeightsDown      = text("降级 %s 个 (%s)", "%s down (%s)")
	WeightsUpOnly    = text("升级 %s", "%s up")
	WeightsDownOnly  = text("降级 %s", "%s down")
	WeightsHeld      = text("冻结 %s 个", "%s held")
	WeightsUnknown   = text("资料不足 %s 个", "%s with too little known")
	WeightsRanking   = text("得分排名, 前 %s 名, 共 %s 个客户", "by score, the first %s of %s {customer|customers}")
	WeightsMovers    = text("会变动的客户, 按金额, %s 个", "who would move, by money: %s {customer|customers}")
	WeightsSomeMove  = text("会变动的客户, 按金额, 前 %s 个, 共 %s 个", "who would move, by money: the first %s of %s {customer|customers}")
	WeightsNobody    = text("没有客户会变动", "nobody would move")
	WeightsSources   = text("分级现由来源给出 (decides: sources), 这里是按规则试算", "the sources give the grades (decides: sources); this is what the rules would make of them")
	WeightsNone      = text("没有客户", "no customers")
	WeightsNoWeight  = text("%s 没有权重, 不能保存", "%s has no weight; it cannot be saved")
	WeightsSame      = text("没有改动", "nothing is changed")
	WeightsNotHere   = text("这里不能改规则: 只有看得到全公司的人可以", "rules cannot be changed here: only by whoever sees the whole company")
	WeightsNote      = text("存为新版本, 说明: ", "save as a new version, because: ")
	WeightsWantNote  = text("写一句为什么", "say why, in a few words")
	WeightsSaving    = text("保存中", "saving")
	WeightsSaved     = text("已存为规则版本 %s", "saved as version %s of the rules")
	WeightsAdjust    = text("调整 0.01", "change by 0.01")
	WeightsAdjustFar = text("调整 0.05", "change by 0.05")
	WeightsNext      = text("换预设", "next preset")
	WeightsView      = text("排名/变动", "ranking/movers")
	WeightsFocus     = text("权重/客户", "weights/customers")
	WeightsUndo      = text("撤回一步", "take a step back")
	WeightsSave      = text("存为新版本", "save as a version")
	WeightsShare     = text("占比", "share")
	WeightsRange     = text("范围", "bounds")
	WeightsBounds    = text("%s 至 %s", "%s to %s")
	WeightsMadeOf    = text("得分构成 (0-100)", "what the score is made of (0-100)")
	WeightsStays     = text("数据不可信, 分级不动", "an input cannot be relied on: the grade stays")
	WeightsMatrix    = text("从在用等级 (行) 到试算等级 (列), 客户数与近12月金额", "from the grade in force (rows) to the one tried (columns), customers and 12 months' money")
	FactorPay        = text("支付能力", "Ability to pay")
	FactorGrowth     = text("成长潜力", "Growth potential")
	FactorCost       = text("服务成本", "Cost to serve")
)

var gradeFactors = map[string]Key{"pay": FactorPay, "growth": FactorGrowth, "cost": FactorCost}

// GradeFactor names one of the three factors of a score.
func (l *Locale) GradeFactor(key string) string {
	if k, ok := gradeFactors[key]; ok {
		return l.T(k)
	}
	return key
}

var presets = map[string]Key{
	"general": text("通用", "general"), "education": text("教育", "education"), "manufacturing": text("制造", "manufacturing"), "government": text("政府", "government"),
	"retail": text("零售", "retail"), "medical": text("医疗", "medical"), "finance": text("金融", "finance"), "software": text("软件", "software"),
}

// Preset names a set of weights; one that is the organisation's own has the name that it has in the rules.
func (l *Locale) Preset(key string) string {
	if k, ok := presets[key]; ok {
		return l.T(k)
	}
	return key
}
