package locale

// Texts of why a customer's score moved.
var (
	ChangeScore = text("得分 %s > %s", "score %s > %s")
	ChangeHeld  = text("有输入不可信, 分级未动", "an input could not be relied on: the grade was left alone")
	ChangeRules = text("规则版本 %s > %s", "rules %s > %s")
	ChangeRule  = text("规则版本 %s", "rules %s")
)
