// Package outbox brings the messages in a [store.Outbox] to people: WeCom, DingTalk and Feishu group robots, mail, any webhook.
//
// What is to be told stands in the store since the transaction that caused it; this package owns who is told, when and how often it is tried, and refuses to decide what is
// worth telling. Decisions:
//
//   - At least once: a delivery counts as sent once the other side said so, and that is written down after it did. Killed in between, the program sends once
//     more. A webhook's receiver can tell by the message's key.
//   - One message per occasion is the store's business (keys); one post for many messages is ours: what is due for a notifier at the same moment goes out together, as much as one
//     post holds, because robots take 20 posts a minute and people read fewer.
//   - Quiet hours, in the organisation's time zone, hold everything that is not urgent until they end.
//   - A failure that may pass is tried again after a minute, then two, up to an hour, a day long; what the other side says about waiting is obeyed. A failure that needs a
//     person (a wrong key, a refused sign) is given up at once. What was given up stays visible with its reason and can be sent again.
//   - Robots answer 200 with an errcode when they refuse: only their zero is a success.
//   - The addresses of robots hold their keys. No error, log or record of ours holds an address, a key or a secret: they are cut out of whatever comes back.
//   - Robots get plain text, since a customer's name in Markdown could mention everybody or fetch a picture.
//   - It wakes when a message is posted or one is due, and else never.
//
// Mail goes through wneessen/go-mail (kept up, no dependencies beside x/…, TLS required unless told otherwise); the robots' few lines of HTTP are ours, since their client
// libraries bring the whole of each platform's API. Limits as the platforms' documents give them in 2026: WeCom 20 posts a minute and robot, 2,048 bytes of text; DingTalk 20
// a minute, else ten minutes of silence; Feishu 100 a minute and 5 a second, 20 KB a request.
package outbox
