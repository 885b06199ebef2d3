package locale

// What the keys do.
var (
	KeyOpen     = text("打开", "open")
	KeyBack     = text("返回", "back")
	KeyBackward = text("后退", "back in history")
	KeyForward  = text("前进", "forward in history")
	KeyJump     = text("跳转", "jump")
	KeyPalette  = text("命令", "commands")
	KeyFilter   = text("筛选", "filter")
	KeyScope    = text("范围", "scope")
	KeyPeriod   = text("周期", "period")
	KeyAsOf     = text("截至日期", "as of")
	KeyCopy     = text("复制", "copy")
	KeyExport   = text("导出", "export")
	KeyLanguage = text("语言", "language")
	KeyTheme    = text("明暗", "dark/light")
	KeyRedraw   = text("重绘", "redraw")
	KeyHelp     = text("帮助", "help")
	KeyQuit     = text("退出", "quit")
	KeyMove     = text("移动", "move")
	KeyMark     = text("标记", "mark")
)
