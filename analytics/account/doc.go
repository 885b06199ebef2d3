// Package account owns the account screen and the list of accounts: what we know of a customer, how its grade and health moved, what is open, who
// there was touched when, and what it brought in.
package account
