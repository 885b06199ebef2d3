package locale

// Texts of the red queue.
var (
	PaneTriage         = text("红标分诊", "Triage")
	TriageQueue        = text("队列", "queue")
	TriageBoard        = text("看板", "board")
	TriageTrail        = text("审计", "trail")
	TriageFlag         = text("红标", "Flag")
	TriageRisk         = text("风险", "At risk")
	TriageWhy          = text("原因", "Why")
	TriageAge          = text("天数", "Age")
	TriageOpen         = text("未处理", "Open")
	TriageEscalated    = text("升级", "Escal.")
	TriageMedian       = text("中位", "Median")
	TriageOldest       = text("最久", "Oldest")
	TriageAsked        = text("已问", "Asked")
	TriageLate         = text("逾答", "Late")
	TriageHeldN        = text("搁置", "Held")
	TriageDecayed      = text("衰减", "Decayed")
	TriageWho          = text("谁", "Who")
	TriageDecided      = text("决定", "Decided")
	TriageWhat         = text("内容", "What")
	TriageRequest      = text("请求更新", "ask for update")
	TriageSnooze       = text("暂缓至", "snooze until")
	TriageOverride     = text("改判", "override")
	TriageAssign       = text("指派给", "assign to")
	TriageAccept       = text("接受", "accept")
	TriageReject       = text("不接受", "reject")
	TriageNote         = text("备注", "note")
	TriageUndo         = text("撤回", "undo")
	TriageView         = text("队列/看板/审计", "queue/board/trail")
	TriageHeld         = text("含搁置", "held too")
	TriageHeldToo      = text("含搁置的", "with what is held back")
	TriageWriting      = text("写入中", "writing")
	TriageCount        = text("未处理 %s 条, 涉及 %s 个商机, 金额 %s", "%s open on %s {deal|deals}, %s at risk")
	TriageEscalatedN   = text("升级 %s 条", "%s escalated")
	TriageAges         = text("中位 %s, 最久 %s", "median %s, oldest %s")
	TriageMarked       = text("已选 %s 条", "%s marked")
	TriageNone         = text("没有红标", "no red flag")
	TriageNoTrail      = text("还没有人做过决定", "nobody decided anything yet")
	TriagePromised     = text("承诺 %s", "promised %s")
	TriageSince        = text("红标自 %s", "since %s")
	TriageDoubt        = text("怀疑 %s, 存疑金额 %s", "doubt %s, %s in doubt")
	TriageUntil        = text("至 %s", "until %s")
	TriageUndoes       = text("撤回 %s", "undoes %s")
	TriageDone         = text("%s: %s 条已入账, u 撤回", "%s: %s entered; u takes it back")
	TriageUndone       = text("撤回 %s 条", "%s taken back")
	TriageNothing      = text("没有可撤回的", "nothing to take back")
	TriageMany         = text("%s 条", "%s flags")
	TriageNoDesk       = text("这里不能做决定", "nothing can be decided here")
	TriagePast         = text("这是过去某天的红标, 回到今天再决定", "these are flags of a past day; decide today")
	TriageBack         = text("%s 再出现", "back on %s")
	TriageCounts       = text("按 %s%% 计", "counts %s%%")
	TriageWantDay      = text("填将来的日期 YYYY-MM-DD, 或 7d", "a day to come: YYYY-MM-DD, or 7d")
	TriageWantPerson   = text("填姓名或编号", "a name or an id")
	TriageWantNote     = text("填内容", "a text")
	TriageWantWhy      = text("再写原因", "then why")
	TriageWantPercent  = text("百分数要在 1 至 100 之间", "a percentage from 1 to 100")
	TriageWantOverride = text("填 40%, 日期, 金额或类别, 空格后写原因", "40%, a day, an amount or a category, then why")
)

// flagStates are what became of a flag.
var flagStates = map[string]Key{
	"open": text("未处理", "open"), "requested": text("已请求", "asked"), "answered": text("已更新", "answered"), "unanswered": text("逾期未答", "no answer"),
	"rejected": text("不接受", "rejected"), "snoozed": text("暂缓", "snoozed"), "overridden": text("已改判", "overridden"), "accepted": text("已接受", "accepted"),
}

// FlagState names what became of a flag.
func (l *Locale) FlagState(key string) string {
	if k, ok := flagStates[key]; ok {
		return l.T(k)
	}
	return key
}
