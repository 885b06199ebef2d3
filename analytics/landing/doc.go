// Package landing forecasts where a month or quarter ends for every org node, and says with what probability each open deal is won in time.
//
// It rests on the company's own history alone, and of that only on what was known on the day asked about; a backtest (analytics/backtest) holds it to that. It is
// deterministic: the same Book gives the same answer, on any machine. It refuses to guess: with fewer than twenty closed deals, or five won ones, there is no
// range and no probability, only what is closed and the weighted pipeline, and the answer says so.
//
// # Single deals
//
// A deal ends won or lost, or stays open: competing risks in weeks (Allison 1982). From landmark days (van Houwelingen 2007) every deal open then is followed
// week by week; a multinomial logit with ridge penalty learns the weekly hazards of both ends from the deal's stage × weeks ahead, its age by then, the week
// against the promised date and in the fiscal quarter, days in the stage, amount against what the product usually brings, how the promise moved, touches,
// the rep's category and days of silence, all as bins, so that nothing is assumed linear and every weight can be read. Looking from landmarks, with what was known
// there, spares guessing the path through the stages. A product's, a team's and a rep's own hazards are observed over expected, drawn to 1 by a gamma prior:
// rep → team → company. Summed over the weeks they give the probability of being won in a period, which isotonic regression maps to what has held in past
// forecasts. A deal is explained by what its probability would be if one feature were everyone's mean.
//
// # Deals that do not exist yet
//
// Half of what a quarter brings may not have begun when it starts. Births per node and day (drawn to the team's mean, old ones losing weight) go through the
// Aalen–Johansen curve of all deals from their first day, times the quarter's season; their number scatters as a negative binomial.
//
// # Level
//
// A node's expectation blends the pipeline's figure with what such a period usually brings the node and, where deals have promised dates, with the stage-weighted pipeline that
// managers add up. How much each counts, what they are off by, and the shocks that a company's and a team's deals share, are measured on forecasts of one, two and three months made
// anew as of past month starts; priors hold while there are few. On the data that this was made with, none alone is as good: reps leave dead deals open, and a run of luck is no level.
//
// # Range
//
// 768 draws. A deal's are made from its own ID, so a team's draws are the same whether the team or the company was asked, parts add up to the whole draw by
// draw, and a change to one deal redraws that one. Shared shocks keep the range honest: without them deals would cancel out as if they were independent. They shake hazards, and by
// so much that the money moves as past forecasts were off; what was measured on few forecasts is widened as Student's t is.
//
// # Beside the Book
//
// Learning takes seconds on a large company, so a process has one [Live], which learns in the background and follows every commit with the model that it has: what is
// open, for how much and until when is always that of the newest Book, while hazards and calibration are learned anew when a hundredth more deals have closed, or
// the day, the org tree, the stages or the products are others, and once commits have ceased for a while: so the same data come to the same figure, in whatever order
// and pace a sync brought them.
//
// Since a node's draws do not depend on who asks, a part of the company is taken out of the company's landing ([Outlook.Look]), and fans likewise: a session that looks at a team
// pays for nothing, and the company's is drawn as soon as it was learned and, after a commit, if somebody looked at it before.
//
// # What it does not know
//
// Sources differ in what history they keep. A field whose history begins later than a landmark counts as unknown there, even where the record has a value today: it
// may be the one that the deal got when it closed. Owners, products and the org tree count as they are told for the day; where a source keeps no history of them,
// as they are now. A touch that was written down after the day is not used.
//
// Numerics are gonum's (matrices, the normal distribution): the best kept of Go's libraries for it. Its optimisers are not used, since Newton's method for this
// likelihood is shorter than feeding one; Monte Carlo is our own, 64 draws to a machine word, because a hundred thousand deals must be drawn within a frame or two.
package landing
