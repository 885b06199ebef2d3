package locale

// Texts of a deal's screen.
var (
	DealHistory     = text("历程", "History")
	DealEvidence    = text("佐证", "Evidence")
	DealPeople      = text("人员", "People")
	DealChange      = text("变更", "Change")
	DealField       = text("字段", "Field")
	DealBy          = text("操作人", "By")
	DealValue       = text("折合", "Value")
	DealClosed      = text("成交日", "Closed")
	DealLost        = text("输单日", "Lost on")
	DealCategory    = text("预测类别", "Category")
	DealNext        = text("下一步", "Next step")
	DealLead        = text("线索来源", "Lead")
	DealStage       = text("%s, %s 赢率", "%s, %s chance")
	DealNoRate      = text("无汇率, 未计入合计", "no rate, in no sum")
	DealFirst       = text("新建", "new")
	DealLater       = text("推迟 %s", "%s later")
	DealEarlier     = text("提前 %s", "%s earlier")
	DealSeen        = text("%s 才得知", "learned on %s")
	DealNoHistory   = text("来源没有给出变更历史", "the source gives no history of changes")
	DealNoEvidence  = text("没有佐证文件", "no documents")
	DealNoPeople    = text("来源没有给出联系人", "no people known")
	DealKind        = text("类型", "Kind")
	DealTitle       = text("标题", "Title")
	DealName        = text("姓名", "Name")
	DealRole        = text("角色", "Role")
	DealInfluence   = text("影响力", "Influence")
	DealTouches     = text("触达", "Touches")
	DealOwner       = text("我方 负责人", "ours, owner")
	DealOurs        = text("我方", "ours")
	DealTheirs      = text("客户方", "customer's")
	DealMail        = text("邮箱", "E-mail")
	DealPhone       = text("电话", "Phone")
	DealAccountOnly = text("(仅客户)", "(account)")
	DealTouchesAll  = text("%s (显示 %s)", "%s (%s shown)")
)

var evidenceKinds = map[string]Key{
	"price_comparison": text("比价", "prices"), "parameters": text("技术参数", "parameters"), "case": text("案例", "case"),
	"minutes": text("会议纪要", "minutes"), "mail": text("邮件", "mail"), "contract": text("合同", "contract"),
}

// EvidenceKind names a kind of document; one that we do not know stays as the source gives it.
func (l *Locale) EvidenceKind(kind string) string {
	if k, ok := evidenceKinds[kind]; ok {
		return l.T(k)
	}
	return kind
}
