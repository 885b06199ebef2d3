package server

import (
	"strconv"
	"strings"
	"time"

	"flightdeck/store"
)

// The records as they are sent: flat, with this system's own identifiers, amounts as exact decimals beside their currency.

type unit struct {
	ID      string         `json:"id"`
	Parent  string         `json:"parent,omitempty"`
	Name    string         `json:"name"`
	Kind    store.UnitKind `json:"kind"`
	Manager string         `json:"manager,omitempty"`
}

type person struct {
	ID       string `json:"id"`
	Unit     string `json:"unit,omitempty"`
	Name     string `json:"name"`
	Email    string `json:"email,omitempty"`
	Title    string `json:"title,omitempty"`
	Inactive bool   `json:"inactive"`
}

type stage struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	NameEn      string          `json:"name_en"`
	Order       int             `json:"order"`
	Kind        store.StageKind `json:"kind"`
	Probability int             `json:"probability"`
}

type product struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Category string         `json:"category"`
	Price    string         `json:"price"`
	Currency store.Currency `json:"currency"`
}

type quota struct {
	ID       string         `json:"id"`
	Node     string         `json:"node"`
	From     store.Day      `json:"from"`
	To       store.Day      `json:"to"`
	Amount   string         `json:"amount"`
	Currency store.Currency `json:"currency"`
}

type account struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Parent   string         `json:"parent,omitempty"`
	Owner    string         `json:"owner"`
	Industry string         `json:"industry"`
	Region   string         `json:"region"`
	City     string         `json:"city"`
	Revenue  string         `json:"revenue"`
	Currency store.Currency `json:"currency"`
	Staff    int            `json:"staff"`
	Created  store.Day      `json:"created"`
	Modified time.Time      `json:"modified"`
}

type contact struct {
	ID        string `json:"id"`
	Account   string `json:"account"`
	Name      string `json:"name"`
	Role      string `json:"role"`
	Influence int    `json:"influence"`
	Email     string `json:"email,omitempty"`
	Phone     string `json:"phone,omitempty"`
}

type deal struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Account    string         `json:"account"`
	Owner      string         `json:"owner"`
	Product    string         `json:"product"`
	Stage      string         `json:"stage"`
	Category   store.Category `json:"category"`
	Amount     string         `json:"amount"`
	Currency   store.Currency `json:"currency"`
	Created    store.Day      `json:"created"`
	Close      store.Day      `json:"close"`
	Modified   time.Time      `json:"modified"`
	Lead       string         `json:"lead,omitempty"`
	NextStep   string         `json:"next_step,omitempty"`
	URL        string         `json:"url,omitempty"`
	LostReason string         `json:"lost_reason,omitempty"`
	Competitor string         `json:"competitor,omitempty"`
	// The rep's other versions of the promise.
	OptimisticClose   string `json:"optimistic_close,omitempty"`
	OptimisticAmount  string `json:"optimistic_amount,omitempty"`
	PessimisticClose  string `json:"pessimistic_close,omitempty"`
	PessimisticAmount string `json:"pessimistic_amount,omitempty"`
}

type change struct {
	ID       string         `json:"id"`
	Deal     string         `json:"deal"`
	Field    store.Field    `json:"field"`
	From     string         `json:"from,omitempty"`
	To       string         `json:"to"`
	Currency store.Currency `json:"currency,omitempty"` // of amounts
	At       time.Time      `json:"at"`
	Seen     time.Time      `json:"seen"` // when this system learned it
	By       string         `json:"by,omitempty"`
}

type touch struct {
	ID        string          `json:"id"`
	Account   string          `json:"account"`
	Deal      string          `json:"deal,omitempty"`
	Contact   string          `json:"contact,omitempty"`
	Rep       string          `json:"rep"`
	At        time.Time       `json:"at"`
	Seen      time.Time       `json:"seen"`
	Logged    time.Time       `json:"logged"`
	Minutes   int             `json:"minutes"`
	Channel   store.Channel   `json:"channel"`
	Sentiment store.Sentiment `json:"sentiment"`
	Topic     string          `json:"topic,omitempty"`
	Note      string          `json:"note,omitempty"`
	Area      string          `json:"area,omitempty"`
	Lat       float64         `json:"lat,omitempty"`
	Lng       float64         `json:"lng,omitempty"`
}

type grade struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	From    string    `json:"from,omitempty"`
	To      string    `json:"to"`
	Cause   string    `json:"cause"`
	Rule    string    `json:"rule"`
	At      time.Time `json:"at"`
	Seen    time.Time `json:"seen"`
}

type health struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Day     store.Day `json:"day"`
	Score   int       `json:"score"`
	Note    string    `json:"note"`
	Seen    time.Time `json:"seen"`
}

type reading struct {
	ID      string             `json:"id"`
	Account string             `json:"account"`
	Day     store.Day          `json:"day"`
	Values  map[string]float64 `json:"values"`
	Seen    time.Time          `json:"seen"`
}

type evidence struct {
	ID     string    `json:"id"`
	Deal   string    `json:"deal"`
	Kind   string    `json:"kind"`
	Title  string    `json:"title"`
	URL    string    `json:"url"`
	By     string    `json:"by"`
	Signer string    `json:"signer,omitempty"`
	At     time.Time `json:"at"`
	Seen   time.Time `json:"seen"`
}

type tender struct {
	ID       string           `json:"id"`
	Kind     store.TenderKind `json:"kind"`
	Title    string           `json:"title"`
	Buyer    string           `json:"buyer"`
	Region   string           `json:"region"`
	Text     string           `json:"text"`
	URL      string           `json:"url"`
	Winner   string           `json:"winner,omitempty"`
	Amount   string           `json:"amount,omitempty"`
	Currency store.Currency   `json:"currency,omitempty"`
	Due      string           `json:"due,omitempty"`
	At       time.Time        `json:"at"`
	Seen     time.Time        `json:"seen"`
}

type sale struct {
	ID       string         `json:"id"`
	Account  string         `json:"account"`
	Product  string         `json:"product"`
	Rep      string         `json:"rep"`
	Outlet   string         `json:"outlet"`
	Day      store.Day      `json:"day"`
	Quantity string         `json:"quantity"` // in the product's unit, three decimals
	Amount   string         `json:"amount"`
	Cost     string         `json:"cost"`
	Currency store.Currency `json:"currency"`
}

// thousandths writes a count of thousandths as a decimal.
func thousandths(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	frac := strconv.FormatInt(1000+n%1000, 10)
	return sign + strconv.FormatInt(n/1000, 10) + "." + frac[1:]
}

// value takes the store's notation of a history value apart: a person's ID loses its source, an amount its currency.
func value(f store.Field, s string) (string, store.Currency) {
	switch f {
	case store.FieldOwner:
		return store.ID(s).Native(), ""
	case store.FieldAmount:
		amount, currency, _ := strings.Cut(s, " ")
		return amount, store.Currency(currency)
	}
	return s, ""
}

// streams gives the tables of a company in the order in which a client should read them: what others refer to first, the bulk last.
func streams(r *store.Records) ([]store.Stream, map[store.Stream]list) {
	names := []store.Stream{
		"stages", "units", "people", "quotas", "products", "accounts", "deals", "changes", "contacts", "grades", "evidence", "health", "readings", "tenders", "touches", "sales",
	}
	return names, map[store.Stream]list{
		"stages": newTable(store.EntityStage, r.Stages, func(v *store.Stage) store.ID { return v.ID }, func(v *store.Stage) stage {
			return stage{string(v.ID), v.Name, v.NameEn, v.Order, v.Kind, v.Probability}
		}),
		"units": newTable(store.EntityUnit, r.Units, func(v *store.Unit) store.ID { return v.ID }, func(v *store.Unit) unit {
			return unit{v.ID.Native(), v.Parent.Native(), v.Name, v.Kind, v.Manager.Native()}
		}),
		"people": newTable(store.EntityPerson, r.People, func(v *store.Person) store.ID { return v.ID }, func(v *store.Person) person {
			return person{v.ID.Native(), v.Unit.Native(), v.Name, v.Email, v.Title, v.Inactive}
		}),
		"quotas": newTable(store.EntityQuota, r.Quotas, func(v *store.Quota) store.ID { return v.ID }, func(v *store.Quota) quota {
			return quota{v.ID.Native(), v.Node.Native(), v.From, v.To, v.Amount.Amount(), v.Amount.Currency}
		}),
		"products": newTable(store.EntityProduct, r.Products, func(v *store.Product) store.ID { return v.ID }, func(v *store.Product) product {
			return product{v.ID.Native(), v.Name, v.Category, v.Price.Amount(), v.Price.Currency}
		}),
		"accounts": newTable(store.EntityAccount, r.Accounts, func(v *store.Account) store.ID { return v.ID }, func(v *store.Account) account {
			return account{
				v.ID.Native(), v.Name, v.Parent.Native(), v.Owner.Native(), v.Industry, v.Region, v.City, v.Revenue.Amount(), v.Revenue.Currency, v.Staff,
				v.Created, v.Modified,
			}
		}),
		"deals": newTable(store.EntityDeal, r.Deals, func(v *store.Deal) store.ID { return v.ID }, func(v *store.Deal) deal {
			return deal{
				v.ID.Native(), v.Name, v.Account.Native(), v.Owner.Native(), v.Product.Native(), string(v.Stage), v.Category, v.Amount.Amount(),
				v.Amount.Currency, v.Created, v.Close, v.Modified, v.Lead, v.NextStep, v.URL, v.Extra["lost_reason"], v.Extra["competitor"],
				v.Extra["optimistic_close"], v.Extra["optimistic_amount"], v.Extra["pessimistic_close"], v.Extra["pessimistic_amount"],
			}
		}),
		"changes": newTable(store.EntityChange, r.Changes, func(v *store.Change) store.ID { return v.ID }, func(v *store.Change) change {
			from, _ := value(v.Field, v.From)
			to, currency := value(v.Field, v.To)
			return change{v.ID.Native(), v.Deal.Native(), v.Field, from, to, currency, v.At, v.Seen, v.By.Native()}
		}),
		"contacts": newTable(store.EntityContact, r.Contacts, func(v *store.Contact) store.ID { return v.ID }, func(v *store.Contact) contact {
			return contact{v.ID.Native(), v.Account.Native(), v.Name, v.Role, v.Influence, v.Email, v.Phone}
		}),
		"grades": newTable(store.EntityGrade, r.Grades, func(v *store.GradeChange) store.ID { return v.ID }, func(v *store.GradeChange) grade {
			return grade{v.ID.Native(), v.Account.Native(), string(v.From), string(v.To), v.Cause, v.Rule, v.At, v.Seen}
		}),
		"evidence": newTable(store.EntityEvidence, r.Evidence, func(v *store.Evidence) store.ID { return v.ID }, func(v *store.Evidence) evidence {
			return evidence{v.ID.Native(), v.Deal.Native(), v.Kind, v.Title, v.URL, v.By.Native(), v.Signer.Native(), v.At, v.Seen}
		}),
		"health": newTable(store.EntityHealth, r.Health, func(v *store.Health) store.ID { return v.ID }, func(v *store.Health) health {
			return health{v.ID.Native(), v.Account.Native(), v.Day, v.Score, v.Note, v.Seen}
		}),
		"readings": newTable(store.EntityReading, r.Readings, func(v *store.Reading) store.ID { return v.ID }, func(v *store.Reading) reading {
			return reading{v.ID.Native(), v.Account.Native(), v.Day, v.Values, v.Seen}
		}),
		"tenders": newTable(store.EntityTender, r.Tenders, func(v *store.Tender) store.ID { return v.ID }, func(v *store.Tender) tender {
			amount := ""
			if v.Amount.Given() {
				amount = v.Amount.Amount()
			}
			return tender{v.ID.Native(), v.Kind, v.Title, v.Buyer, v.Region, v.Text, v.URL, v.Winner, amount, v.Amount.Currency, v.Due.String(), v.At, v.Seen}
		}),
		"touches": newTable(store.EntityTouch, r.Touches, func(v *store.Touch) store.ID { return v.ID }, func(v *store.Touch) touch {
			return touch{
				v.ID.Native(), v.Account.Native(), v.Deal.Native(), v.Contact.Native(), v.Rep.Native(), v.At, v.Seen, v.Logged, v.Minutes, v.Channel,
				v.Sentiment, v.Topic, v.Note, v.Area, v.Lat, v.Lng,
			}
		}),
		"sales": newTable(store.EntitySale, r.Sales, func(v *store.Sale) store.ID { return v.ID }, func(v *store.Sale) sale {
			return sale{
				v.ID.Native(), v.Account.Native(), v.Product.Native(), v.Rep.Native(), v.Outlet, v.Day, thousandths(v.Quantity), v.Amount.Amount(),
				v.Cost.Amount(), v.Amount.Currency,
			}
		}),
	}
}

// put adds what a step changed to the tables.
func put(tables map[store.Stream]list, d *store.Delta) {
	tables["accounts"].(*table[store.Account, account]).put(d.Accounts)
	tables["deals"].(*table[store.Deal, deal]).put(d.Deals)
	tables["changes"].(*table[store.Change, change]).put(d.Changes)
	tables["contacts"].(*table[store.Contact, contact]).put(d.Contacts)
	tables["grades"].(*table[store.GradeChange, grade]).put(d.Grades)
	tables["evidence"].(*table[store.Evidence, evidence]).put(d.Evidence)
	tables["health"].(*table[store.Health, health]).put(d.Health)
	tables["readings"].(*table[store.Reading, reading]).put(d.Readings)
	tables["touches"].(*table[store.Touch, touch]).put(d.Touches)
	tables["sales"].(*table[store.Sale, sale]).put(d.Sales)
	for _, gone := range d.Deleted {
		if gone.Entity == store.EntityTouch {
			tables["touches"].drop(gone.ID)
		}
	}
}
