package company

import "strings"

func words(s string) []string { return strings.Fields(s) }

var (
	surnames = words(`王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 肖 田 董 潘 袁 蔡 蒋 余 于 杜 叶 程 魏
		苏 吕 丁 任 卢 姚 沈 钟 姜 崔 谭 陆 范 汪 廖 石 金 韦 贾 夏 付 方 邹 熊 白 孟 秦 邱 侯 江 尹 薛 闫 雷 龙 黎 史 陶 贺 毛 欧阳 上官 司徒`)
	given = words(`志远 思琪 建国 雨桐 浩然 欣怡 俊杰 梦瑶 子轩 佳宁 文博 晓彤 立新 雅静 海涛 若曦 明哲 婉清 国栋 诗涵 宇航 静怡 振华 紫萱 天佑 慧敏 泽宇 丽娜
		鹏飞 秀英 伟 芳 磊 敏 强 静 军 洁 勇 艳 超 娟 杰 婷 涛 颖 斌 玲 凯 雪 峰 琳 睿 岚 晨 薇 翔 蕾 昊 瑾 旭 楠 毅 倩 嘉懿 安琪 永康 语嫣 景行 书瑶 承志 予安
		启明 知夏 望舒 怀瑾 长风 清和 沐辰 映雪 修远 采薇 云帆 南乔`)
	firstNames = words(`Adrian Beatrice Callum Daniela Edwin Farida Gareth Helena Ivan Joanna Kieran Louisa Marcus Nadia Oscar Priya Quentin Rosalind Stefan
		Tamsin Ulrich Vera Wesley Yvonne Zoltan Ingrid Mateo Noriko`)
	lastNames = words(`Ashdown Brightwater Carrow Dunmore Ellery Fairbank Greyson Holloway Ingleby Kestrel Larkin Merrow Northcote Oakhurst Penrose Quillan
		Ravensworth Selwyn Thackery Underhill Varga Westbrook Yarrow Lindqvist Okafor Moreau`)

	// A customer's brand is two of these; 64 × 64 pairs are used without repeating.
	syllables = []string{
		"海", "瑞", "宸", "科", "嘉", "诺", "博", "凌", "远", "启", "恒", "泰", "盛", "华", "宏", "景", "安", "康", "思", "迪", "维", "朗", "元", "昇",
		"君", "越", "同", "和", "源", "川", "联", "智", "腾", "奥", "锐", "铭", "尚", "品", "乾", "坤", "润", "泽", "丰", "茂", "晟", "悦", "众", "信", "达", "捷",
		"峰", "岭", "江", "澜", "岳", "禾", "森", "沐", "辰", "曜", "微", "未", "立", "方",
	}
	brandHead = []string{
		"Nord", "Hal", "Brix", "Cal", "Dun", "Elm", "Fen", "Gar", "Hex", "Ivo", "Kest", "Lum", "Mer", "Oak", "Pell", "Quor",
		"Rav", "Sel", "Tarn", "Ul", "Vant", "Wex", "Yar", "Zen", "Ald", "Bram", "Corv", "Drax", "Esk", "Fjord", "Gryph", "Hyd",
	}
	brandTail = []string{
		"vik", "dane", "ton", "mont", "ford", "wick", "lane", "mark", "stone", "field", "brook", "gate", "worth", "holm", "crest", "shaw",
		"ley", "mere", "port", "ridge", "side", "wold", "burn", "den", "haven", "nova", "tech", "line", "works", "core", "point", "path",
	}
)

// industry is a customer's trade: how its names sound and how large and slow its deals are.
type industry struct {
	name   string
	weight float64
	trades []string // Chinese, after the brand
	forms  []string // legal forms
	trade  []string // English
	cycle  float64  // factor on the stages' durations
	amount float64  // factor on the deal size
}

var industries = [...]industry{
	{"制造", 30, words("精密机械 汽车零部件 电子材料 智能装备 新材料 半导体 轴承 模具 重工"), words("有限公司 股份有限公司 集团 科技有限公司 实业有限公司"),
		words("Precision Automotive Robotics Materials Semiconductor"), 1, 1},
	{"医疗", 18, words("医院 医疗器械 生物制药 医学检验 健康管理 口腔医院 康复医院"), words("- 有限公司 股份有限公司 集团"), words("Medical Biotech Diagnostics Health"), 1.15, 1.1},
	{"能源", 13, words("新能源 电力 储能 燃气 热力 光伏 水务"), words("有限公司 股份有限公司 集团 发展有限公司"), words("Energy Power Solar Utilities"), 1.3, 1.5},
	{"零售", 13, words("商业 连锁超市 乳业 冷链物流 食品 饮品 购物中心"), words("有限公司 股份有限公司 集团 管理有限公司"), words("Foods Retail Logistics Dairy"), .75, .7},
	{"教育", 11, words("理工学院 职业学院 外国语学校 实验中学 教育"), words("-"), words("Education Academy Learning"), 1.1, .65},
	{"政府", 9, words("高新区管委会 政务服务中心 水利工程管理处 城市运行中心 产业园管理办公室"), words("-"), words("Authority Development"), 1.45, 1.25},
	{"交通", 6, words("轨道交通 港务 机场设备 公路养护"), words("有限公司 集团 股份有限公司"), words("Transit Ports Aviation"), 1.25, 1.3},
}

var industryWeights = func() (w [len(industries)]float64) {
	for i := range industries {
		w[i] = industries[i].weight
	}
	return w
}()

// customerName returns the full and the short name of the i-th account. language is 0 Chinese, 1 English, 2 mixed.
func customerName(c *chance, i int, ind *industry, where *city, language int) (full, short string) {
	n := len(syllables) * len(syllables)
	// 1741 is odd, so it walks all of the 4096 pairs before repeating; a doubled syllable is moved on.
	j := (i*1741 + 977) % n
	a, b := j/len(syllables), j%len(syllables)
	if a == b {
		b = (b + 1) % len(syllables)
	}
	brand := syllables[a] + syllables[b]
	k := (i*613 + 101) % (len(brandHead) * len(brandTail))
	latin := brandHead[k/len(brandTail)] + brandTail[k%len(brandTail)]
	form := pick(c, ind.forms)
	if form == "-" {
		form = ""
	}
	trade := pick(c, ind.trades)
	switch language {
	case 1:
		return latin + " " + pick(c, ind.trade) + " " + pick(c, []string{"Ltd.", "Inc.", "GmbH", "Co., Ltd.", "Group", "plc"}), latin
	case 2:
		return latin + "（" + where.name + "）" + trade + form, latin + trade
	}
	if c.yes(.8) {
		full = where.name
	}
	return full + brand + trade + form, brand + trade
}

func chineseName(c *chance) string { return pick(c, surnames) + pick(c, given) }

// staffName gives our own people names that do not repeat before all pairs are used: 2741 is a prime that does not divide their number.
func staffName(i int) string {
	n := len(surnames) * len(given)
	j := (i*2741 + 371) % n
	return surnames[j%len(surnames)] + given[j/len(surnames)]
}

// role is a contact's part in the buying.
type role struct {
	zh, en    string
	influence int
	titles    []string
}

var roles = []role{
	{"决策人", "decision maker", 90, words("总经理 院长 副总裁 分管领导")},
	{"技术负责人", "technical lead", 65, words("信息中心主任 总工程师 技术总监")},
	{"采购", "procurement", 50, words("采购经理 招标办主任")},
	{"使用人", "user", 35, words("设备科科长 车间主任 运维主管")},
	{"影响者", "influencer", 55, words("财务总监 战略顾问")},
}
