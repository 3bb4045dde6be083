package main

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// A step is one command of a transcript with what it printed, standard output and
// standard error together.
type step struct {
	line    int // of the command, from 1
	command string
	output  string
}

// A terminal is where one document's commands are carried out, one after the other.
// Every sessbench is a process of its own, in a directory of the terminal's.
type terminal struct {
	t          *testing.T
	executable string
	dir        string
	full       bool // servers listen where they say; else on free ports
	code       int  // $?
	servers    []*backgroundServer
	addresses  *strings.Replacer // from the documented address to the real one
}

// A backgroundServer is a "sessbench serve ... &".
type backgroundServer struct {
	process *exec.Cmd
	output  *bufio.Reader
}

func newTerminal(t *testing.T, executable string) *terminal {
	term := &terminal{t: t, executable: executable, dir: t.TempDir(), addresses: strings.NewReplacer()}
	t.Cleanup(func() {
		for _, server := range term.servers { // the transcript does not end them, or did not get so far
			server.process.Process.Kill()
			server.process.Wait()
		}
	})
	if err := os.CopyFS(filepath.Join(term.dir, "examples"), givenFiles(t)); err != nil {
		t.Fatal(err)
	}
	return term
}

// givenFiles are the files of the examples that commands read: saved results, and plans.
func givenFiles(t *testing.T) fs.FS {
	t.Helper()
	given := fstest.MapFS{}
	for _, pattern := range []string{"*.json", "try/*.yaml", "shop/*.yaml", "shop/*.csv"} {
		files, err := filepath.Glob(filepath.Join(repository, "examples", filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatalf("no examples/%s: %v", pattern, err)
		}
		for _, file := range files {
			name, err := filepath.Rel(filepath.Join(repository, "examples"), file)
			if err != nil {
				t.Fatal(err)
			}
			given[filepath.ToSlash(name)] = &fstest.MapFile{Data: []byte(readDocument(t, file)), Mode: 0o666}
		}
	}
	return given
}

// asWritten leaves a command's duration alone.
const asWritten = 0

// carryOut runs a command and returns what it printed. What offers load by time does so
// for length.
func (term *terminal) carryOut(command string, length time.Duration) string {
	words := shellWords(command)
	if offersLoad(command) && length != asWritten && !slices.Contains(words, "-n") {
		words = append(words, "-d", length.String(), "--warmup", "50ms")
	}
	switch {
	case command == "echo $?":
		return strconv.Itoa(term.code) + "\n"
	case command == "kill %1":
		return term.kill()
	case len(words) > 2 && words[0] == "sessbench" && words[1] == "serve" && words[len(words)-1] == "&":
		return term.serve(words[1 : len(words)-1])
	case len(words) > 1 && words[0] == "sessbench":
		return term.sessbench(words[1:])
	case len(words) > 3 && words[0] == "go" && words[1] == "run" && words[2] == "./cmd/sessbench":
		output := term.sessbench(words[3:])
		if term.code != 0 { // as the go command does
			output += "exit status " + strconv.Itoa(term.code) + "\n"
			term.code = 1
		}
		return output
	}
	term.t.Fatalf("%q is no command that a transcript can have", command)
	return ""
}

func (term *terminal) sessbench(args []string) string {
	cmd := term.command(args)
	output, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		term.t.Fatal(err)
	}
	term.code = cmd.ProcessState.ExitCode()
	return string(output)
}

func (term *terminal) command(args []string) *exec.Cmd {
	for i := range args {
		args[i] = term.addresses.Replace(args[i])
	}
	cmd := exec.CommandContext(term.t.Context(), term.executable, args...)
	cmd.Dir = term.dir
	return cmd
}

// serve starts a server and returns what it says of itself.
func (term *terminal) serve(args []string) string {
	documented := "127.0.0.1:8443"
	if i := slices.Index(args, "--listen"); i >= 0 {
		documented = args[i+1]
	}
	if !term.full {
		args = append(args, "--listen", "127.0.0.1:0")
	}
	cmd := term.command(args)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		term.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		term.t.Fatal(err)
	}
	server := &backgroundServer{cmd, bufio.NewReader(stderr)}
	term.servers = append(term.servers, server)
	var said strings.Builder
	for range 2 { // the address, and what to try
		line, err := server.output.ReadString('\n')
		if err != nil {
			term.t.Fatalf("%q said %q: %v", args, said.String()+line, err)
		}
		said.WriteString(line)
	}
	_, after, _ := strings.Cut(said.String(), "://")
	address, _, _ := strings.Cut(after, " ")
	term.addresses = strings.NewReplacer(documented, address)
	return said.String()
}

// kill ends the oldest server and returns its last words.
func (term *terminal) kill() string {
	server := term.servers[0]
	term.servers = term.servers[1:]
	if err := server.process.Process.Signal(syscall.SIGTERM); err != nil {
		term.t.Error(err)
	}
	var last bytes.Buffer
	if _, err := server.output.WriteTo(&last); err != nil {
		term.t.Error(err)
	}
	if err := server.process.Wait(); err != nil {
		term.t.Errorf("server: %v", err)
	}
	return last.String()
}

// stepsOf finds the transcripts in a document: what stands in ```console fences,
// each command behind "$ ".
func stepsOf(document string) []step {
	var steps []step
	inside := false
	number := 0
	for line := range strings.Lines(document) {
		number++
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = !inside && strings.TrimSpace(line) == "```console"
		case inside && isCommand:
			steps = append(steps, step{line: number, command: strings.TrimSpace(command)})
		case inside && len(steps) > 0:
			steps[len(steps)-1].output += line
		}
	}
	return steps
}

// recorded is the document with the outputs of its transcripts replaced.
func recorded(document string, steps []step) string {
	var b strings.Builder
	inside := false
	next := 0
	for line := range strings.Lines(document) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = !inside && strings.TrimSpace(line) == "```console"
			b.WriteString(line)
		case inside && strings.HasPrefix(line, "$ "):
			b.WriteString(line + steps[next].output)
			next++
		case !inside:
			b.WriteString(line)
		}
	}
	return b.String()
}
