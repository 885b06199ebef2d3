package locale

// steps are the reasons for which open money comes and goes, zh and en.
var steps = map[string]Key{
	"created": text("新建", "created"), "reopened": text("重新打开", "reopened"), "pulled_in": text("提前", "pulled in"), "moved_in": text("转入", "moved in"),
	"grown": text("增大", "grown"), "shrunk": text("缩小", "shrunk"), "moved_out": text("转出", "moved out"), "slipped": text("推迟", "slipped"),
	"lost": text("输单", "lost"), "won": text("赢单", "won"),
}

// Step names a step of the waterfall; an unknown one names itself.
func (l *Locale) Step(key string) string {
	if k, ok := steps[key]; ok {
		return l.T(k)
	}
	return key
}

// WithoutRate heads what could not be added.
var WithoutRate = text("无汇率", "without a rate")
