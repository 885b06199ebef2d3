package locale

// Texts of the morning screen.
var (
	PaneMorning      = text("晨会", "Morning")
	MorningSince     = text("自 %s 以来 (上次查看)", "since %s, when you last looked")
	MorningSinceDay  = text("自 %s 以来", "since %s")
	MorningLand      = text("%s 落点 %s", "%s lands at %s")
	MorningRange     = text("(%s 至 %s)", "(%s to %s)")
	MorningQuota     = text("指标 %s", "quota %s")
	MorningNoQuota   = text("无指标", "no quota")
	MorningReach     = text("达成概率 %s", "chance %s")
	MorningClosed    = text("已成交 %s", "closed %s")
	MorningCommit    = text("承诺 %s", "commit %s")
	MorningGap       = text("缺口 %s", "gap %s")
	MorningOver      = text("超出 %s", "over by %s")
	MorningElapsed   = text("时间已过 %s", "%s of the time gone")
	MorningLearning  = text("%s: 落点尚未算出", "%s: where it lands is not known yet")
	MorningCustomers = text("异动 -%s +%s", "Moved -%s +%s")
	MorningSignals   = text("信号 %s", "Signals %s")
	MorningReading   = text("首读", "reading")
	MorningHeld      = text("冻结", "held")
	MorningHeldSince = text("自 %s 起不可信, %s 个客户的等级保持不变", "not believed since %s; %s customers keep their grades")
	MorningSignal    = text("信号", "signal")
	MorningNoMoves   = text("异动 0", "Moved 0")
	MorningFlags     = text("新红标 %s", "New flags %s")
	MorningNewFlags  = text("新红标", "New flags")
	MorningJudging   = text("正在判断", "being judged")
	MorningDeals     = text("成交推迟 %s", "Deals %s")
	MorningOwed      = text("应访应呼 %s", "Owed %s")
	MorningLogging   = text("未记录 %s/%s", "No log %s/%s")
	MorningSources   = text("数据 %s", "Data %s")
	MorningCalm      = text("无变动", "nothing moved")
	MorningNoFlags   = text("无新红标; 未处理 %s", "none new; %s open")
	MorningNoDeals   = text("无成交, 丢单或推迟", "nothing closed or slipped")
	MorningNoOwed    = text("今日无应访应呼", "nothing is owed today")
	MorningAllLogged = text("%s 全员已记录", "everybody logged on %s")
	MorningNoTouch   = text("没有触达记录的来源, 无从得知", "no source gives touches: nobody can tell")
	MorningNoSource  = text("没有来源", "no sources")
	MorningMore      = text("还有 %s 条", "%s more")
	MorningHealth    = text("健康 %s", "health %s")
	MorningTurned    = text("%s转%s", "%s to %s")
	MorningUnsaid    = text("来源未说明原因", "the source gives no reason")
	MorningEscalated = text("已升级", "escalated")
	MorningWon       = text("赢单", "won")
	MorningLost      = text("丢单", "lost")
	MorningSlipped   = text("推迟 %s 至 %s", "slipped %s to %s")
	MorningOutOf     = text("移出 %s", "out of %s")
	MorningDue       = text("今天到期", "due today")
	MorningLate      = text("逾期 %s", "%s late")
	MorningNeverMet  = text("从未", "never")
	MorningLast      = text("上次 %s", "last %s")
	MorningSilent    = text("%s 个工作日无记录", "no touch for %s working {day|days}")
	MorningNeverLog  = text("%s 个工作日以上无记录", "no touch for over %s working {day|days}")
	MorningSourceOK  = text("%s 条记录", "%s records")
	MorningSourceBad = text("%s 处问题", "%s {issue|issues}")
	MorningPaused    = text("已暂停", "paused")
	MorningAll       = text("展开", "all of it")
	MorningList      = text("此类清单", "the part's list")
	MorningNextPart  = text("下一类", "next part")
	MorningUnmarked  = text("未能记住查看时间: %s", "when you looked is not remembered: %s")
)

var colours = map[string]Key{"red": text("红", "red"), "yellow": text("黄", "yellow"), "green": text("绿", "green")}

// Colour names a health index's colour.
func (l *Locale) Colour(key string) string {
	if k, ok := colours[key]; ok {
		return l.T(k)
	}
	return key
}

var signals = map[string]Key{"white_paper": text("新白皮书", "white paper"), "cto_posting": text("招聘技术负责人", "posting for a CTO")}

// Signal names a kind of signal; one of a configuration's own has its own name.
func (l *Locale) Signal(kind string) string {
	if k, ok := signals[kind]; ok {
		return l.T(k)
	}
	return kind
}
