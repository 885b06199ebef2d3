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

// Texts of what is judged of a deal.
var (
	DealBacked     = text("可信度", "Credibility")
	DealNoBacked   = text("正在核对佐证", "documents are being checked")
	DealNoProofs   = text("没有来源给出佐证, 不判断各步", "no source gives documents: steps are not judged")
	DealStep       = text("步骤", "Step")
	DealLostPoints = text("扣分", "Lost")
	DealProof      = text("佐证", "Document")
	DealDecay      = text("承诺衰减", "Decay")
	DealChance     = text("期内赢率", "Chance")
	DealNoChance   = text("历史太少或仍在学习, 没有赢率", "no chance: too little history, or still being learned")
	DealFactor     = text("因素", "Factor")
	DealOdds       = text("作用", "Effect")
	DealDual       = text("双轨", "Dual track")
	DealNoDual     = text("正在与同类商机比较", "being compared with similar deals")
	DealVersion    = text("版本", "Version")
	DealDays       = text("周期", "Days")
	DealSigma      = text("偏离", "Sigma")
	DealVerdict    = text("判断", "Verdict")
	DealPassed     = text("日期已过", "date passed")
	DealSaid       = text("%s 起曾如此", "said from %s")
	DealSaidOnce   = text("曾如此", "said before")
	DealTold       = text("%s 起", "since %s")
	DealRedDate    = text("日期异常", "date is off")
	DealRedAmount  = text("金额异常", "amount is off")
	DealRedBoth    = text("日期金额异常", "both are off")
	DealTooFew     = text("同类太少", "too few similar")
	DealUsual      = text("正常", "as usual")
	DealFromStage  = text("进入阶段", "entering the stage")
	DealFromStart  = text("创建", "the start")
	DealNorm       = text("同类从%s到赢单 %s, 常见 %s 至 %s, %s 个", "similar deals took from %s %s to be won, usually %s to %s; %s of them")
	DealFewSimilar = text("同类赢单只有 %s 个, 不作判断", "only %s similar deals were won: nothing is judged")
)

// versions are the rep's; similar says what the deals compared with share.
var (
	versions = map[string]Key{"optimistic": text("O 乐观", "O best"), "neutral": text("N 中性", "N call"), "pessimistic": text("P 悲观", "P worst")}
	similar  = map[string]Key{
		"stage+size+product+region": text("同阶段规模产品大区 %s", "by stage, size, product, region: %s"), "stage+size+product": text("同阶段规模产品 %s", "by stage, size, product: %s"),
		"stage+product": text("同阶段产品 %s", "by stage, product: %s"), "stage": text("同阶段 %s", "by stage: %s"), "all": text("全部 %s", "all: %s"), "too_few": text("太少 %s", "too few: %s"),
	}
)

// Version names one of the rep's versions.
func (l *Locale) Version(key string) string {
	if k, ok := versions[key]; ok {
		return l.T(k)
	}
	return key
}

// Similar says what so many deals compared with share.
func (l *Locale) Similar(key string, n int) string {
	if k, ok := similar[key]; ok {
		return l.F(k, l.Int(n))
	}
	return key
}

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
