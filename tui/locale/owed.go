package locale

// Texts of what customers are owed by the playbook of their grade.
var (
	PaneOwed    = text("该做未做", "Owed")
	OwedPlay    = text("该做", "Play")
	OwedLast    = text("上次", "Last")
	OwedDue     = text("应于", "Due")
	OwedLate    = text("逾期", "Late")
	OwedToday   = text("今天", "today")
	OwedNever   = text("从未", "never")
	OwedHead    = text("%s 项该做未做, 其中今天到期 %s 项", "%s {play|plays} owed, %s due today")
	OwedPlayed  = text("%s %s: 欠 %s, 已做 %s", "%s %s: %s owed, %s done")
	OwedNone    = text("没有该做未做的", "nothing is owed")
	OwedSilent  = text("没有来源给出触达记录, 无法判断", "no source gives touches: nobody can tell")
	OwedEvery   = text("%s 级每 %s 天一次: %s", "grade %s, every %s days: %s")
	OwedThrough = text("规则版本 %s", "rules %s")
)
