package locale

import "flightdeck/store"

// Words for the enumerations of package store, so that every pane names them alike.
var (
	none     = text("-", "-") // not known, not given
	channels = [...]Key{
		store.ChannelOther: text("其他", "other"), store.ChannelVisit: text("拜访", "visit"), store.ChannelCall: text("电话", "call"),
		store.ChannelWeChat: text("微信", "WeChat"), store.ChannelEmail: text("邮件", "e-mail"), store.ChannelMeeting: text("会议", "meeting"),
		store.ChannelDemo: text("演示", "demo"),
	}
	sentiments = [...]Key{
		store.SentimentUnknown: none, store.SentimentNegative: text("消极", "negative"),
		store.SentimentNeutral: text("中性", "neutral"), store.SentimentPositive: text("积极", "positive"),
	}
	categories = [...]Key{
		store.CategoryNone: none, store.CategoryOmitted: text("不计", "omitted"), store.CategoryPipeline: text("储备", "pipeline"),
		store.CategoryBestCase: text("最好", "best case"), store.CategoryCommit: text("承诺", "commit"),
	}
	fields = [...]Key{
		store.FieldStage: text("阶段", "stage"), store.FieldAmount: text("金额", "amount"), store.FieldClose: text("预计成交日", "close date"),
		store.FieldOwner: text("负责人", "owner"), store.FieldCategory: text("预测类别", "category"),
		store.FieldOptimisticClose: text("乐观成交日", "optimistic close"), store.FieldOptimisticAmount: text("乐观金额", "optimistic amount"),
		store.FieldPessimisticClose: text("悲观成交日", "pessimistic close"), store.FieldPessimisticAmount: text("悲观金额", "pessimistic amount"),
	}
	syncStates = [...]Key{
		store.SyncIdle: text("空闲", "idle"), store.SyncRunning: text("同步中", "running"), store.SyncWaiting: text("等待", "waiting"),
		store.SyncFailed: text("失败", "failed"), store.SyncHeld: text("待确认", "held"),
	}
	decisions = [...]Key{
		none, store.DecisionNote: text("备注", "note"), store.DecisionRequest: text("请求更新", "update asked for"), store.DecisionSnooze: text("暂缓", "snoozed"),
		store.DecisionOverride: text("改判", "overridden"), store.DecisionAssign: text("指派", "assigned"), store.DecisionAccept: text("裁定", "verdict"),
		store.DecisionSuggestion: text("建议", "suggestion"), store.DecisionTag: text("标签", "tags"), store.DecisionFigures: text("数值", "figures"), store.DecisionRules: text("规则", "rules"),
	}
	unitKinds  = [...]Key{store.UnitCompany: text("公司", "company"), store.UnitRegion: text("大区", "region"), store.UnitTeam: text("团队", "team")}
	stageKinds = [...]Key{store.StageOpen: text("进行中", "open"), store.StageWon: text("赢单", "won"), store.StageLost: text("输单", "lost")}
)

func word[T ~uint8](l *Locale, v T, keys []Key) string {
	if int(v) < len(keys) {
		return l.T(keys[v])
	}
	return l.T(Unknown)
}

// Decision names a kind of decision.
func (l *Locale) Decision(k store.DecisionKind) string { return word(l, k, decisions[:]) }

// Channel names a channel.
func (l *Locale) Channel(c store.Channel) string { return word(l, c, channels[:]) }

// Sentiment names a sentiment; "-" when unknown.
func (l *Locale) Sentiment(s store.Sentiment) string { return word(l, s, sentiments[:]) }

// Category names a forecast category; "-" for none.
func (l *Locale) Category(c store.Category) string { return word(l, c, categories[:]) }

// Field names a deal's field.
func (l *Locale) Field(f store.Field) string {
	if !f.Valid() {
		return l.T(Unknown)
	}
	return word(l, f, fields[:])
}

// SyncState names what a source is doing.
func (l *Locale) SyncState(s store.SyncState) string { return word(l, s, syncStates[:]) }

// UnitKind names a kind of org unit.
func (l *Locale) UnitKind(k store.UnitKind) string { return word(l, k, unitKinds[:]) }

// StageKind names a kind of stage.
func (l *Locale) StageKind(k store.StageKind) string { return word(l, k, stageKinds[:]) }
