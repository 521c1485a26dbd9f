package main

import (
	"errors"
	"fmt"
	"strings"
)

// The exit codes that scripts can rely on.
const (
	exitOK          = 0
	exitFailed      = 1 // a check or the work itself failed
	exitUsage       = 2 // the command was written wrongly
	exitUnreachable = 3 // no server there, or it does not let us
	exitConflict    = 4 // someone else changed the document meanwhile
)

// exitError is an error with the exit code that it stands for.
type exitError struct {
	code int
	err  error // nil = everything was said already
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func unreachable(format string, args ...any) error {
	return &exitError{exitUnreachable, fmt.Errorf(format, args...)}
}

// saidFailed is a failure whose details have been printed.
var saidFailed = &exitError{exitFailed, nil}

func exitOf(err error) (code int, message string) {
	if err == nil {
		return exitOK, ""
	}
	code = exitFailed
	var e *exitError
	if errors.As(err, &e) {
		code = e.code
	}
	if message = err.Error(); message != "" && !strings.HasPrefix(message, "routor ") {
		message = "routor: " + message
	}
	return code, message
}
