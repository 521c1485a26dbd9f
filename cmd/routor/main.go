// Command routor is the one binary: the server, its commands and its tools. A file here is a subcommand; what it does lives in
// the rooms below.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker; see the Makefile.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second signal ends the process at once
		<-ctx.Done()
		stop()
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program as a function: arguments in, exit code out.
func run(ctx context.Context, args []string, in io.Reader, out, notes io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(notes)
	err := root.ExecuteContext(ctx)
	code, message := exitOf(err)
	if message != "" {
		fmt.Fprintln(notes, message)
	}
	return code
}
