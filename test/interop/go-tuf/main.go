// Fetches and verifies targets of a TUF repository with go-tuf, as any Go program would: answers each line of its input
// as ../python-tuf/fetch.py does.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

type question struct {
	State    string   `json:"state"`
	Root     string   `json:"root"`
	Metadata string   `json:"metadata"`
	Targets  string   `json:"targets"`
	Names    []string `json:"names"`
}

type answer struct {
	Pages   map[string]*string `json:"pages,omitempty"`
	Refused string             `json:"refused,omitempty"`
	Message string             `json:"message,omitempty"`
}

func main() {
	if err := answerLines(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answerLines() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		said := answer{}
		pages, err := fetchAll(asked)
		if err != nil {
			said.Refused = strings.TrimPrefix(fmt.Sprintf("%T", err), "*metadata.")
			said.Message = err.Error()
		} else {
			said.Pages = pages
		}
		if err := out.Encode(said); err != nil {
			return err
		}
	}
	return lines.Err()
}

func fetchAll(asked question) (map[string]*string, error) {
	root, err := os.ReadFile(asked.Root)
	if err != nil {
		return nil, err
	}
	cfg, err := config.New(asked.Metadata, root)
	if err != nil {
		return nil, err
	}
	cfg.LocalMetadataDir = filepath.Join(asked.State, "metadata")
	cfg.LocalTargetsDir = filepath.Join(asked.State, "targets")
	cfg.RemoteTargetsURL = asked.Targets
	cfg.PrefixTargetsWithHash = true
	for _, folder := range []string{cfg.LocalMetadataDir, cfg.LocalTargetsDir} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
	}
	client, err := updater.New(cfg)
	if err != nil {
		return nil, err
	}
	if err := client.Refresh(); err != nil {
		return nil, err
	}
	pages := map[string]*string{}
	for _, name := range asked.Names {
		if pages[name], err = fetch(client, name); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// nil: the target is absent.
func fetch(client *updater.Updater, name string) (*string, error) {
	info, err := client.GetTargetInfo(name)
	if err != nil {
		if err.Error() == fmt.Sprintf("target %s not found", name) {
			return nil, nil
		}
		return nil, err
	}
	_, data, err := client.DownloadTarget(info, "", "")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	text := hex.EncodeToString(sum[:])
	return &text, nil
}
