package store

import (
	"slices"
	"strings"
	"time"
)

// SourceID is a source's name in the configuration, such as "tryton" or "crm-east".
type SourceID string

// ID names one record across all sources: "source:native". The native part is the source's own identifier.
type ID string

// PersonID is the ID of a [Person]: one of us, not of the customer's.
type PersonID = ID

// MakeID joins a source and the identifier that the source uses.
func MakeID(src SourceID, native string) ID { return ID(string(src) + ":" + Clean(native, MaxName)) }

// Source returns the source part of id.
func (id ID) Source() SourceID {
	s, _, _ := strings.Cut(string(id), ":")
	return SourceID(s)
}

// Native returns the identifier that the source uses.
func (id ID) Native() string {
	_, n, _ := strings.Cut(string(id), ":")
	return n
}

// Org is the organisation itself, written once by the process that owns the store from its configuration, so that a store can be read
// without one.
type Org struct {
	Name        string
	TimeZone    string   // IANA name, such as Asia/Shanghai
	Currency    Currency // in which sums are given
	FiscalStart time.Month
	// Rates say how many units of Currency one unit of the key is worth, as exact decimal strings. A currency without a rate is summed apart.
	Rates map[Currency]string
}

// UnitKind is what an organisation unit is.
type UnitKind uint8

// The kinds of organisation unit, outermost first.
const (
	UnitCompany UnitKind = iota
	UnitRegion
	UnitTeam
)

var unitKinds = [...]string{"company", "region", "team"}

// Unit is a node of the org tree above people. A Unit without Parent hangs under the company.
type Unit struct {
	ID      ID
	Parent  ID
	Name    string
	Kind    UnitKind
	Manager PersonID
}

// Person is one of us as one source lists them: a rep, a team lead, a manager, a director. Records of several sources with one e-mail or phone are one person to
// analytics.
type Person struct {
	ID       PersonID
	Unit     ID // empty: hangs under the company as "unassigned"
	Name     string
	Email    string
	Phone    string // as the source writes it
	Title    string
	Inactive bool
}

// StageKind says whether a deal in the stage is still open.
type StageKind uint8

// The kinds of stage.
const (
	StageOpen StageKind = iota
	StageWon
	StageLost
)

var stageKinds = [...]string{"open", "won", "lost"}

// Stage is one step of the pipeline. Its ID carries no source ("proposal"): sources map their own stages to the organisation's, so that
// several systems share one funnel. Names are given in Chinese and English.
type Stage struct {
	ID          ID
	Name        string // zh
	NameEn      string
	Order       int
	Kind        StageKind
	Probability int // 0–100 %, the organisation's planning figure; weighted = amount × probability
}

// Product is what is sold.
type Product struct {
	ID       ID
	Name     string
	Category string
	Price    Money
}

// Account is a customer organisation.
type Account struct {
	ID       ID
	Name     string
	Parent   ID // of a subsidiary
	Owner    PersonID
	Industry string
	Region   string // the customer's region, as the source says it
	City     string
	Revenue  Money // the customer's own yearly revenue
	Staff    int   // the customer's head count, 0 unknown
	Created  Day
	Modified time.Time
	Extra    map[string]string // custom fields that the mapping kept
}

// Contact is a person at a customer.
type Contact struct {
	ID        ID
	Account   ID
	Name      string
	Role      string // decision maker, influencer, user, …
	Influence int    // 0–100, 0 unknown
	Email     string
	Phone     string
}

// Category is the rep's own forecast call.
type Category uint8

// The forecast categories; CategoryNone means that the source has none and the stage's probability decides.
const (
	CategoryNone Category = iota
	CategoryOmitted
	CategoryPipeline
	CategoryBestCase
	CategoryCommit
)

var categories = [...]string{"", "omitted", "pipeline", "best_case", "commit"}

// Deal is an opportunity as it stands now; how it came there is in its [Change] rows.
type Deal struct {
	ID       ID
	Name     string
	Account  ID
	Owner    PersonID
	Product  ID
	Stage    ID
	Category Category
	Amount   Money
	Created  Day // when the opportunity began
	Close    Day // promised close while open, actual close once won or lost; NoDay unknown
	Modified time.Time
	Lead     string // where it came from
	NextStep string
	URL      string // the record in its source
	Extra    map[string]string
}

// Field is a deal's field whose history is kept.
type Field uint8

// The fields with history.
const (
	FieldStage Field = iota + 1
	FieldAmount
	FieldClose
	FieldOwner
	FieldCategory
	// The rep's other versions: custom fields of these names that a source's mapping keeps in [Deal.Extra]. No source tells their history; the store keeps it.
	FieldOptimisticClose
	FieldOptimisticAmount
	FieldPessimisticClose
	FieldPessimisticAmount
)

var fields = [...]string{"", "stage", "amount", "close", "owner", "category", "optimistic_close", "optimistic_amount", "pessimistic_close", "pessimistic_amount"}

// Fields is a set of Field.
type Fields uint16

// VersionFields returns the fields of the rep's other versions.
func VersionFields() []Field {
	return []Field{FieldOptimisticClose, FieldOptimisticAmount, FieldPessimisticClose, FieldPessimisticAmount}
}

// Version reports whether f belongs to one of the rep's other versions. Such a change says something of the promise, but the deal stays as it is.
func (f Field) Version() bool { return f >= FieldOptimisticClose && f.Valid() }

// Version returns what d says in a field of the rep's other versions, in the notation of [Change]; "" when it says nothing that can be read.
func (d *Deal) Version(f Field) string {
	text := d.Extra[f.String()]
	if text == "" {
		return ""
	}
	switch f {
	case FieldOptimisticClose, FieldPessimisticClose:
		if day, err := ParseDay(text); err == nil {
			return day.String()
		}
	case FieldOptimisticAmount, FieldPessimisticAmount:
		if m, err := ParseMoney(text, d.Amount.Currency); err == nil && d.Amount.Currency != "" {
			return m.String()
		}
	}
	return ""
}

// FieldsOf makes a set.
func FieldsOf(f ...Field) (s Fields) {
	for _, f := range f {
		s |= 1 << f
	}
	return s
}

// Has reports whether f is in the set.
func (s Fields) Has(f Field) bool { return s&(1<<f) != 0 }

// Change is one step in a deal's history. Values are text in the store's own notation: a stage's, owner's ID; an amount as
// [Money.String]; a day as [Day.String]; a category as [Category.String]. An empty From on FieldStage marks the deal's first known stage.
type Change struct {
	ID      ID // empty: made from deal, field, At and To
	Deal    ID
	Field   Field
	From    string
	To      string
	At      time.Time // when it happened
	Seen    time.Time // when we learned it
	By      PersonID
	DayOnly bool // the source gave a date without a time; At is that day's first instant
}

// Key returns c.ID, or the identity made of what happened to which deal and when.
func (c Change) Key() ID {
	if c.ID != "" {
		return c.ID
	}
	return c.Deal + ID("|"+c.Field.String()+"|"+c.At.UTC().Format(keyTime)+"|"+c.To)
}

const keyTime = "20060102T150405.000"

// KeyField returns the field that a key by [Change.Key] names; false of an identifier that a source gave.
func KeyField(key ID) (Field, bool) {
	_, rest, _ := strings.Cut(string(key), "|")
	for rest != "" { // a deal may have a bar in its name, as what a field became may
		var part string
		part, rest, _ = strings.Cut(rest, "|")
		at, _, ok := strings.Cut(rest, "|")
		if f, err := ParseField(part); ok && err == nil {
			if _, err := time.Parse(keyTime, at); err == nil {
				return f, true
			}
		}
	}
	return 0, false
}

// Channel is how a customer was touched.
type Channel uint8

// The channels.
const (
	ChannelOther Channel = iota
	ChannelVisit
	ChannelCall
	ChannelWeChat
	ChannelEmail
	ChannelMeeting
	ChannelDemo
)

var channels = [...]string{"other", "visit", "call", "wechat", "email", "meeting", "demo"}

// Sentiment is how the customer took it.
type Sentiment uint8

// The sentiments; unknown is not neutral.
const (
	SentimentUnknown Sentiment = iota
	SentimentNegative
	SentimentNeutral
	SentimentPositive
)

var sentiments = [...]string{"unknown", "negative", "neutral", "positive"}

// Touch is one contact of ours with a customer.
type Touch struct {
	ID        ID
	Account   ID // where a source gives none, the store keeps that of the deal, also when the deal comes later or moves
	Deal      ID
	Contact   ID
	Rep       PersonID
	At        time.Time
	Seen      time.Time
	Logged    time.Time // when the rep wrote it down; zero unknown
	Minutes   int       // duration
	Channel   Channel
	Sentiment Sentiment
	Topic     string
	Note      string
	Area      string  // province/city/district, outermost first, separated by "/"
	Lat, Lng  float64 // WGS-84 degrees; both zero: unknown
	DayOnly   bool    // the hour is unknown
}

// Grade is a customer's class, "A" the best. An empty Grade means not graded.
type Grade string

// GradeChange is one step in an account's grade. Every step carries its cause: no grade moves silently.
type GradeChange struct {
	ID      ID
	Account ID
	From    Grade
	To      Grade
	Cause   string
	Rule    string // rule and version that decided, if any
	At      time.Time
	Seen    time.Time
}

// Health is an account's health index on a day, 0–100.
type Health struct {
	ID      ID
	Account ID
	Day     Day
	Score   int
	Note    string // what weighed most
	Seen    time.Time
}

// Reading is what was measured of an account on a day: how often it logs in, how late it pays, anything with a name and a number. Readings are history: a
// system that stops sending a measure leaves the last one standing, with its day.
type Reading struct {
	ID      ID
	Account ID
	Day     Day
	// Values by the measure's name, in the source's own units; finite. What was not measured, or was no number, is not in it: there is no default.
	Values map[string]float64
	// Mistyped names measures of which the source gave something that is no number, in alphabetical order.
	Mistyped []string
	Seen     time.Time
}

// TenderKind is what a tender notice tells.
type TenderKind uint8

// The kinds. What a source does not tell is a notice.
const (
	TenderNotice    TenderKind = iota // the customer asks for offers
	TenderAward                       // somebody got it
	TenderPlan                        // the customer means to ask
	TenderAmendment                   // an earlier notice is changed or ended
)

var tenderKinds = [...]string{"notice", "award", "plan", "amendment"}

// Tender is a public notice of a purchase: that a customer asks for offers, or whose offer it took.
type Tender struct {
	ID     ID
	Kind   TenderKind
	Title  string
	Buyer  string // the customer, as the notice names it
	Region string
	Text   string
	URL    string
	Winner string // of an award
	Amount Money
	Due    Day       // until when offers are taken; NoDay or 0: not told
	At     time.Time // when it was published
	Seen   time.Time
}

// InputState says how far an input of an [Evaluation] can be relied on.
type InputState uint8

// The states. Only InputFresh is what the source says now; with all others the last good value stands, or none.
const (
	InputFresh    InputState = iota
	InputStale               // older than its limit
	InputMissing             // the source no longer gives it
	InputMistyped            // what the source gives is no number
	InputOutside             // beyond its declared bounds
	InputShifted             // too many accounts' values moved at once: held for a person
	InputUnknown             // there never was a good value
	InputUnread              // a source that feeds it is being read for the first time
)

var inputStates = [...]string{"fresh", "stale", "missing", "mistyped", "outside", "shifted", "unknown", "unread"}

// Input is one input of an evaluation, with the value that was used.
type Input struct {
	Name  string
	Value float64 // meaningless when State is InputUnknown
	State InputState
	Day   Day // of the value that was used; 0: it has none
}

// Evaluation is what the rules made of an account: kept with its inputs and the version of the rules, so that a grade can be explained as long as the store
// lives.
type Evaluation struct {
	ID      ID
	Account ID
	At      time.Time // when it was decided, and learned
	Day     Day       // as of which
	Rule    string    // the rules' version
	Score   float64   // 0–100
	Health  int       // 0–100; -1: no input of it is known
	Grade   Grade     // that holds after it
	Would   Grade     // that the score alone would give, without hysteresis and holds
	Held    bool      // an input could not be relied on, so the grade was not touched
	Why     string    // for the evaluation, such as month or signal
	Inputs  []Input
}

// Signal is something about an account that was seen outside the CRM, such as a new white paper on its site or a posting for a CTO. It asks for a re-grade.
type Signal struct {
	ID      ID
	Account ID     // "": of nobody yet
	Kind    string // the rule that recognised it: white_paper, cto_posting, …
	Title   string
	Text    string // what fired: the sentence, or the lines that are new
	URL     string
	Watch   string // the watched page, feed or file
	At      time.Time
	Seen    time.Time
}

// Evidence is a document that supports a deal's stage.
type Evidence struct {
	ID    ID
	Deal  ID
	Kind  string // price_comparison, parameters, case, minutes, mail, contract, …
	Title string
	URL   string
	By    PersonID // who put it there
	// Signer is who of us signed or approved what it says; empty: nobody did, or the source does not tell.
	Signer PersonID
	At     time.Time
	Seen   time.Time
}

// Sale is a line of delivered or invoiced business.
type Sale struct {
	ID       ID
	Account  ID
	Product  ID
	Rep      PersonID
	Outlet   string
	Day      Day
	Quantity int64 // thousandths of the product's unit
	Amount   Money
	Cost     Money
}

// Quota is what a unit or a person is to bring in from From up to and including To.
type Quota struct {
	ID     ID
	Node   ID // a Unit's or a Person's
	From   Day
	To     Day
	Amount Money
}

// SyncState is what a source is doing.
type SyncState uint8

// The states.
const (
	SyncIdle SyncState = iota
	SyncRunning
	SyncWaiting // told to wait, or backing off
	SyncFailed
	SyncHeld // something looks wrong enough that a person must say go on
)

var syncStates = [...]string{"idle", "running", "waiting", "failed", "held"}

// SourceStatus is what one stream of one source is doing, how old its data is, and what its last runs did. The slices are never changed in place: whoever
// adds to one makes another.
type SourceStatus struct {
	Source   SourceID
	Kind     string // tryton, hubspot, table, …
	Stream   Stream
	State    SyncState
	Paused   bool // a person stopped the source; State is what it was doing before
	Done     int  // records of the stream that this pass has brought, earlier runs of the same pass included
	Base     int  // of Done: what earlier runs had brought when this one began
	Total    int  // expected in this pass; 0 unknown
	Permille int  // of this pass, never falling within it; 0 also while Total is unknown
	Records  int  // records that the store holds from this stream
	Issues   int  // rows that could not be mapped, in the last complete pass
	Missing  int  // records that the last complete pass did not name and that were not removed
	Kept     int  // so many missing records a person has decided to keep; more than these are asked about again
	Requests int  // that this run has cost
	Started  time.Time
	Updated  time.Time // when Done last grew
	Finished time.Time // end of the last run, good or not
	Good     time.Time // end of the last run that succeeded: the data's age
	Retry    time.Time // when the next attempt is due; zero: by schedule
	Error    string    // of the last run; empty when it succeeded
	Budgets  []Budget  // what the source may cost, as of the last page; nil: it has no limits of its own
	Fields   []string  // that usually held a value, as of the last pass that could tell, such as deal.amount
	Runs     []Run     // the last ones, oldest first, at most MaxRuns
	Carries  []Entity  // what the stream brings; nil: what its name says
}

// Brings reports whether the stream brings records of e.
func (s *SourceStatus) Brings(e Entity) bool {
	if len(s.Carries) > 0 {
		return slices.Contains(s.Carries, e)
	}
	named, ok := s.Stream.Entity()
	return ok && named == e
}

// Unread reports that the stream was never read to its end.
func (s *SourceStatus) Unread() bool { return s.Good.IsZero() }

// MaxRuns is how many runs of a stream are remembered.
const MaxRuns = 20

// Run is one reading of a stream, or several in a row that were alike and unremarkable.
type Run struct {
	Started  time.Time // of the first
	Ended    time.Time // of the last
	State    SyncState // how it ended; running: it was interrupted
	Rows     int       // records fetched, by each
	Removed  int       // records removed because the source no longer has them
	Requests int       // by each
	Times    int       // how many; 0 counts as 1
	Note     string    // the error, or what a person should know, such as that the stream was read anew and why
}

// Budget is what a source has used of what its server grants in the present period.
type Budget struct {
	Name    string    // such as day or month
	Limit   int64     // in the server's own units, mostly requests; 0: not known yet
	Used    int64     // by everybody, where the server says so, else by us
	Reserve int64     // part of Limit that we leave to people and other programs
	Until   time.Time // the end of the period; zero or past: it refills all the time
}

// Left estimates how long the pass under way will still take, at the mean pace of this run, pauses included. ok is false when nothing is under way, the
// total is unknown, or nothing has come yet.
func (s *SourceStatus) Left(now time.Time) (left time.Duration, ok bool) {
	brought, spent := s.Done-s.Base, s.Updated.Sub(s.Started)
	if s.State != SyncRunning && s.State != SyncWaiting || s.Total <= 0 || brought <= 0 || spent <= 0 {
		return 0, false
	}
	left = time.Duration(float64(spent) / float64(brought) * float64(max(0, s.Total-s.Done)))
	if s.State == SyncWaiting && s.Retry.After(now) {
		return left + s.Retry.Sub(now), true
	}
	return max(0, left-max(0, now.Sub(s.Updated))), true
}

// Key identifies the status record.
func (s SourceStatus) Key() ID { return MakeID(s.Source, string(s.Stream)) }

// Issue is a row, or a field of a row, that could not be mapped. The rest of the source is loaded all the same.
type Issue struct {
	Source   SourceID
	Stream   Stream
	Where    string // file:line, or the source's record id
	Field    string
	Value    string // what stood there, clipped and cleaned
	Problem  string // what is wrong and which values are accepted
	Dropped  bool   // the whole row was left out, not just the field
	Repeated int    // how many further rows have the same field and value; 0 for one
}

// Key identifies the issue.
func (i Issue) Key() ID {
	return MakeID(i.Source, string(i.Stream)+"|"+i.Where+"|"+i.Field)
}
