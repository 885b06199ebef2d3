// Package heatmap owns the map of selling activity (销售行为热力图): when, by whom and where customers were touched, and which touches stand behind
// each square.
//
// It counts and refuses to judge: whether a pattern is a pseudo-visit is another analysis' business. The map and the list behind a
// square come from the same rows with the same placing function, so that a count always equals the length of the list it opens.
//
// Decisions:
//
//   - The usual period is the last twelve ISO weeks: from the Monday eleven weeks before the as-of day's week up to the as-of day.
//   - Hours and weekdays are those of the organisation's time zone. A touch of which only the day is known is Unplaced on the hour axis. When
//     nothing in the period has an hour the axis is the single column [None], so that a data set of dates still shows its weekdays.
//   - A rep's row stands there even when it is all zeros: who did nothing is the point. People without any touch who are marked inactive, or who lead a unit,
//     have no row.
//   - An area map has one row per next level below Query.Area (province, then city, then district) and ISO weeks as columns, so that opening a row with
//     its key as the next Query.Area drills down. What lies directly at Query.Area, with nothing finer known, has the row with that key.
//   - When the store holds no touch at all, deals' creations and stage changes stand in, each by the deal's owner as of the day, and the Answer's
//     Subject says so. They have no channel, so a channel filter leaves nothing.
//   - When no touch in the store says where it was, the account's region/city stands in, and ByAccount says so. Otherwise a touch without an area is
//     Unplaced: the two kinds of place do not mix.
//   - Of a unit, without a filter, the counts come from a cube that is kept for a line of Books and corrected by the touches that came and went (cube.go): a company's year of them is
//     ten million. It must count as the walk does, which the test that advances Books holds it to. A square is looked up among the days of its column and its own rep's touches.
package heatmap
