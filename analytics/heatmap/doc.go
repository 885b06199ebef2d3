// Package heatmap owns the map of selling activity (销售行为热力图): when, by whom and where customers were touched.
package heatmap
