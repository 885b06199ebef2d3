// Package migration owns the month-over-month grade matrix (分级跃迁): how many accounts moved from which grade to which, and why each did.
package migration
