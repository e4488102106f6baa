// Fetches and verifies targets of a TUF repository with go-tuf, as any Go program would:
//
//	go-tuf-fetch STATE ROOT METADATA-URL TARGETS-URL TARGET...
//
// prints one line per target, its SHA-256 and its name, or "absent" and its name.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 5 {
		return fmt.Errorf("usage: go-tuf-fetch STATE ROOT METADATA-URL TARGETS-URL TARGET...")
	}
	state, rootPath, metadataURL, targetsURL, targets := args[0], args[1], args[2], args[3], args[4:]
	root, err := os.ReadFile(rootPath)
	if err != nil {
		return err
	}
	cfg, err := config.New(metadataURL, root)
	if err != nil {
		return err
	}
	cfg.LocalMetadataDir = filepath.Join(state, "metadata")
	cfg.LocalTargetsDir = filepath.Join(state, "targets")
	cfg.RemoteTargetsURL = targetsURL
	cfg.PrefixTargetsWithHash = true
	for _, folder := range []string{cfg.LocalMetadataDir, cfg.LocalTargetsDir} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	client, err := updater.New(cfg)
	if err != nil {
		return err
	}
	if err := client.Refresh(); err != nil {
		return err
	}
	for _, name := range targets {
		if err := fetch(client, name); err != nil {
			return err
		}
	}
	return nil
}

func fetch(client *updater.Updater, name string) error {
	info, err := client.GetTargetInfo(name)
	if err != nil {
		if strings.Contains(err.Error(), "not found") {
			fmt.Printf("absent %s\n", name)
			return nil
		}
		return err
	}
	_, data, err := client.DownloadTarget(info, "", "")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	fmt.Printf("%s %s\n", hex.EncodeToString(sum[:]), name)
	return nil
}
