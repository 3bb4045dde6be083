package testserver_test

import (
	"os"
	"testing"

	"sessbench/internal/programs"
)

func TestMain(m *testing.M) { os.Exit(programs.Main(m)) }
