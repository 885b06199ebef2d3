package locale

// Texts of the funnel.
var (
	FunnelStanding = text("在阶段", "Now")
	FunnelAmount   = text("金额", "Amount")
	FunnelEntered  = text("进入", "Entered")
	FunnelAdvanced = text("推进", "Advanced")
	FunnelLost     = text("输单", "Lost")
	FunnelRate     = text("转化", "Conv.")
	FunnelDays     = text("中位天数", "Med. days")
	FunnelOpen     = text("在谈 %s 个, %s", "%s open, %s")
	FunnelWinRate  = text("赢率 %s (%s/%s)", "win rate %s (%s/%s)")
	FunnelCycle    = text("成交周期中位 %s 天", "median cycle %s {day|days}")
	FunnelOn       = text("%s 进入下一阶段", "%s go on")
	FunnelFigure   = text("选择指标", "figure")
	FunnelOf       = text("%s: %s", "%s: %s")
	FunnelMore     = text("回车查看全部 %s 个", "enter shows all %s")
)
