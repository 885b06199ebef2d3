package locale

// Texts of an account's screen.
var (
	AccountParent    = text("上级", "Parent")
	AccountRegion    = text("地区", "Region")
	AccountRevenue   = text("年营收", "Revenue")
	AccountStaff     = text("员工数", "Staff")
	AccountNextClose = text("最近承诺", "Next close")
	AccountGrades    = text("等级变动", "Grades")
	AccountContacts  = text("联系人", "Contacts")
	AccountSales     = text("月度销售", "Sales")
	AccountWon       = text("月度赢单", "Won")
	AccountMonth     = text("月份", "Month")
	AccountOpen      = text("%s 个, %s", "%s, %s")
	AccountSilent    = text("%s, %s前", "%s, %s ago")
	AccountDerived   = text("%s (规则推算)", "%s (by rule)")
	AccountNoGrades  = text("来源没有给出等级变动", "the source gives no changes of grade")
	AccountNoHealth  = text("来源没有给出健康度", "the source gives no health index")
	AccountNoSales   = text("近 24 个月没有销售", "nothing sold in 24 months")
	AccountNoPeople  = text("来源没有给出联系人", "the source gives no contacts")
)
