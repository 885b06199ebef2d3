package locale

// Texts of tenders.
var (
	PaneTenders      = text("招标线索", "Tenders")
	TenderScore      = text("匹配", "Match")
	TenderNotice     = text("公告", "Notice")
	TenderBuyer      = text("采购方", "Buyer")
	TenderTo         = text("推进至", "Moves to")
	TenderCount      = text("%s 条建议 (公告 %s 条, 匹配 %s 条)", "%s {suggestion|suggestions} from %s notices, %s of which match")
	TenderAll        = text("含已裁定的", "decided ones too")
	TenderNone       = text("没有匹配到商机的公告", "no notice matches an open deal")
	TenderParts      = text("客户 %s, 产品 %s, 地区 %s", "customer %s, product %s, region %s")
	TenderDecidedToo = text("含已裁定", "decided too")
)

var tenderStates = map[string]Key{"suggested": text("待裁定", "new"), "accepted": text("已接受", "accepted"), "rejected": text("不接受", "rejected")}

// TenderState names what a person said of a suggestion.
func (l *Locale) TenderState(key string) string {
	if k, ok := tenderStates[key]; ok {
		return l.T(k)
	}
	return key
}
