package main

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestShorten(t *testing.T) {
	get, wrapped := []byte{opGet, stackPointer}, []byte{opExtend, opConst64, 24, opAdd64, opWrap}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct{ code, want []byte }{
		"nothing to do":       {[]byte{opGet, 2, opConst32, 3, opAdd32}, []byte{opGet, 2, opConst32, 3, opAdd32}},
		"no-op":               {[]byte{opNop, opGet, 2, opNop}, []byte{opGet, 2}},
		"address":             {join([]byte{opGet, 2}, wrapped), []byte{opGet, 2, opConst32, 24, opAdd32}},
		"load":                {join(get, wrapped, []byte{0x29, 3, 4}), []byte{opGet, 1, 0x29, 3, 28}},
		"load by another":     {join([]byte{opGet, 2}, wrapped, []byte{0x29, 3, 4}), []byte{opGet, 2, opConst32, 24, opAdd32, 0x29, 3, 4}},
		"store":               {join(get, wrapped, []byte{opGet, 5, 0x37, 3, 0}), []byte{opGet, 1, opGet, 5, 0x37, 3, 24}},
		"store of a sum":      {join(get, wrapped, []byte{opGet, 5, opConst64, 1, opAdd64, 0x37, 3, 0}), []byte{opGet, 1, opGet, 5, opConst64, 1, opAdd64, 0x37, 3, 24}},
		"store of a call":     {join(get, wrapped, []byte{opCall, 5, 0x37, 3, 0}), []byte{opGet, 1, opConst32, 24, opAdd32, opCall, 5, 0x37, 3, 0}},
		"load below":          {[]byte{opGet, 1, opConst32, 0x78, opAdd32, 0x29, 3, 4}, []byte{opGet, 1, opConst32, 0x78, opAdd32, 0x29, 3, 4}},
		"negated":             {[]byte{0x53, opEqz32}, []byte{0x59}},
		"negated float":       {[]byte{0x63, opEqz32}, []byte{0x63, opEqz32}},
		"negated negation":    {[]byte{0x50, opEqz32}, []byte{0x50, opEqz32}},
		"set and get":         {[]byte{opSet, 7, opGet, 7}, []byte{opTee, 7}},
		"set and another":     {[]byte{opSet, 7, opGet, 8}, []byte{opSet, 7, opGet, 8}},
		"the end of a frame":  {join([]byte{opGet, 1, opConst32, 16}, bytes.Join(giveBack, nil)), []byte{opGet, 1, opConst32, 24, opAdd32, opSetSP, 0, opConst32, 0, opReturn}},
		"a constant of 64bit": {[]byte{opConst64, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, opNop}, []byte{opConst64, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}},
	} {
		got, err := shortenFunction(append([]byte{1, 2, 0x7e}, c.code...))
		if err != nil || !bytes.Equal(got, append([]byte{1, 2, 0x7e}, c.want...)) {
			t.Errorf("%s: %x became %x, want %x; %v", name, c.code, got, c.want, err)
		}
	}
	for _, code := range [][]byte{{0, opGet}, {0, opConst32, 0x80}, {0, opBrTable, 3, 1}, {0, 0xff}, {0, opPrefix, 99}, {5}} {
		if got, err := shortenFunction(code); err == nil {
			t.Errorf("%x became %x without an error", code, got)
		}
	}
}

// TestPack packs a small program and damaged ones; that packed programs run is what the
// engine's tests show.
func TestPack(t *testing.T) {
	dir := t.TempDir()
	source, linked, out := filepath.Join(dir, "main.go"), filepath.Join(dir, "linked"), filepath.Join(dir, "packed")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"a part\") }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", linked, source)
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if err := pack(linked, out); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	compressed := func(b []byte) int {
		var to bytes.Buffer
		w, err := flate.NewWriter(&to, 9)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(b)
		w.Close()
		return to.Len()
	}
	module, packed := read(linked), read(out)
	before, after := compressed(module), compressed(packed)
	if t.Logf("%d bytes compressed, before %d", after, before); after > before*9/10 {
		t.Error("it is hardly smaller")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		damaged := bytes.Clone(module)
		if n := random.IntN(len(damaged)); random.IntN(2) == 0 {
			damaged = damaged[:n]
			if _, err := repack(damaged, dropTraces); err == nil && n > 8 {
				t.Errorf("cut after %d of %d bytes: no error", n, len(module))
			}
		} else {
			damaged[n] ^= byte(1 + random.IntN(255))
			_, _ = repack(damaged, dropTraces) // may be as good as before; must not panic
		}
	}
}
