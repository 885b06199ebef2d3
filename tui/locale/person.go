package locale

// Texts of a person's screen.
var (
	PersonMail       = text("邮箱", "E-mail")
	PersonAlso       = text("另在", "Also listed as")
	PersonInactive   = text("已停用", "inactive")
	PersonLeads      = text("带团队", "leads a team")
	PersonOpenDeals  = text("在谈商机", "Open deals")
	PersonOpenOf     = text("%s 个, %s, %s 个有标记", "%s, %s, %s flagged")
	PersonTouches    = text("近12周触达", "Touches 12w")
	PersonWeeks      = text("每周触达", "Touches a week")
	PersonWeek       = text("周一", "Monday")
	PersonNoOpen     = text("没有在谈商机", "no open deals")
	PersonNoAccounts = text("名下没有客户", "owns no account")
	PersonNoTouches  = text("近 12 周没有触达", "no touch in 12 weeks")
)
