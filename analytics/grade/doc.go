// Package grade owns how customers are graded by the organisation's own rules (客户分级): inputs, the health index, the score and its grade, the guards that keep a
// fault in the data from becoming a grade, and the replay of rules over the past.
//
// Score = ability to pay × growth potential × cost to serve. Each factor is a weighted mean of attributes between 0 and 1; the score is the cube root of their product,
// times 100, which orders customers as the product does and keeps the scale of the factors. The formulas stand in analytics/rule, section grading; nothing here is a
// constant that a person could want to change.
//
// No grade moves silently. What that takes, and where it is:
//
//   - A missing value has no default. An input keeps its last good value with that value's day ([store.Input]); what was never known is left out of the weighted mean,
//     and a customer of whom too much is unknown has no grade.
//   - A measure has vanished when most new readings lack it though they carry what used to come with it ([guard]); it is mistyped or outside its bounds when most are. It
//     is stale when it is older than it may be, which is what a throttled or dead source comes to. Its distribution has shifted when the population stability
//     index against the last evaluation, or the share of customers whose value moved far at once, is above its limit: the input's own (shift, moved) or the guard's. In all of these cases the input is held for
//     everybody: the last good values stand, and no grade of anybody whom it concerns is touched until the source heals, or a person says that the values are right.
//   - An input that is wrong for one customer alone holds that customer's grade.
//   - A grade steps only beyond its line by the hysteresis, and every step carries its cause: the inputs that moved the score, from what to what, and the rules' version.
//
// Two ways lead through the same code: [Evaluate] judges all customers on one day, from the state that the last stored evaluations left; [Replay] walks over many days from
// the readings alone and stores nothing, to show what other rules would have done.
package grade
