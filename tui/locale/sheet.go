package locale

// Texts that the screens of a deal, an account and a person share.
var (
	SheetSection = text("分区", "section")
	SheetLink    = text("复制链接", "copy link")
	SheetNoLink  = text("来源没有给出链接", "the source gives no link")
	SheetMatch   = text("没有符合筛选的行", "no row matches the filter")
	SheetOf      = text("%s/%s", "%s of %s")
	SheetName    = text("项目", "Item")
	SheetValue   = text("内容", "Value")
	SheetID      = text("编号", "ID")
	SheetLinkTo  = text("链接", "Link")
	SheetDetail  = text("详情", "Details")
	SheetNothing = text("来源没有给出更多信息", "the source gives nothing more")
	SheetNoTouch = text("还没有触达记录", "no touch yet")
	SheetNoDeal  = text("没有商机", "no deals")
	SheetNever   = text("从未", "never")
)
