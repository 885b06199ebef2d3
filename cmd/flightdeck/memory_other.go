//go:build !linux

package main

// machineMemory returns the machine's memory in bytes; 0 unknown.
func machineMemory() int64 { return 0 }
