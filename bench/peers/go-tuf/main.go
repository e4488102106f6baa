// go-tuf beside Holdfast's signer and client (bench/tuf/line-worker.ts):
//
//	go-tuf-worker sign TREE KEYS
//	go-tuf-worker client ROOT METADATA-URL
//
// The repository side is what a careful user writes with the metadata API: bins are read from their files, so that not
// all of them have to fit into memory; snapshot and timestamp are kept; the pointer is replaced last and in one step.
package main

import (
	"bufio"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

type task struct {
	Do      string `json:"do"`
	Targets string `json:"targets"`
	State   string `json:"state"`
	Target  string `json:"target"`
}

// What is timed.
type work func() error

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: go-tuf-worker sign TREE KEYS | client ROOT METADATA-URL")
	}
	prepare, err := prepareClient(args[1], args[2])
	if args[0] == "sign" {
		prepare, err = prepareSigning(args[1], args[2])
	}
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked task
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		work, err := prepare(asked)
		if err != nil {
			return err
		}
		before, started := usage(), time.Now()
		if err := work(); err != nil {
			return err
		}
		wall, after := time.Since(started), usage()
		fmt.Printf("{\"wallMs\":%f,\"cpuMs\":%f,\"peakBytes\":%d}\n",
			float64(wall)/1e6, cpuMs(after)-cpuMs(before), after.Maxrss*1024)
	}
	return lines.Err()
}

func usage() syscall.Rusage {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return used
}

func cpuMs(used syscall.Rusage) float64 {
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e6
}

type repository struct {
	tree      string
	signers   map[string]signature.Signer
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
	bins      *metadata.SuccinctRoles
}

func prepareSigning(tree, keys string) (func(task) (work, error), error) {
	repo, err := openRepository(tree, keys)
	if err != nil {
		return nil, err
	}
	return func(asked task) (work, error) {
		if asked.Do == "renew" {
			return repo.renew, nil
		}
		var uploads [][3]any
		data, err := os.ReadFile(asked.Targets)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &uploads); err != nil {
			return nil, err
		}
		return func() error { return repo.batch(uploads) }, nil
	}, nil
}

func openRepository(tree, keys string) (*repository, error) {
	repo := &repository{tree: tree, signers: map[string]signature.Signer{}}
	for _, name := range []string{"timestamp", "snapshot", "bins"} {
		pem, err := os.ReadFile(filepath.Join(keys, name+".pem"))
		if err != nil {
			return nil, err
		}
		key, err := cryptoutils.UnmarshalPEMToPrivateKey(pem, cryptoutils.SkipPassword)
		if err != nil {
			return nil, err
		}
		if repo.signers[name], err = signature.LoadSigner(key, crypto.Hash(0)); err != nil {
			return nil, err
		}
	}
	var err error
	if repo.timestamp, err = metadata.Timestamp().FromFile(filepath.Join(tree, "timestamp.json")); err != nil {
		return nil, err
	}
	version := repo.timestamp.Signed.Meta["snapshot.json"].Version
	if repo.snapshot, err = metadata.Snapshot().FromFile(repo.path("snapshot", version)); err != nil {
		return nil, err
	}
	unclaimed, err := metadata.Targets().FromFile(repo.path("unclaimed", repo.listed("unclaimed").Version))
	if err != nil {
		return nil, err
	}
	repo.bins = unclaimed.Signed.Delegations.SuccinctRoles
	return repo, nil
}

func (repo *repository) path(role string, version int64) string {
	return filepath.Join(repo.tree, fmt.Sprintf("%d.%s.json", version, role))
}

func (repo *repository) listed(role string) *metadata.MetaFiles {
	return repo.snapshot.Signed.Meta[role+".json"]
}

func expiry(days int) time.Time {
	return time.Now().UTC().Truncate(time.Second).AddDate(0, 0, days)
}

func (repo *repository) changeBin(role string, files map[string]*metadata.TargetFiles) error {
	listed := repo.listed(role)
	bin, err := metadata.Targets().FromFile(repo.path(role, listed.Version))
	if err != nil {
		return err
	}
	for path, file := range files {
		bin.Signed.Targets[path] = file
	}
	bin.Signed.Version++
	bin.Signed.Expires = expiry(30)
	bin.ClearSignatures()
	if _, err := bin.Sign(repo.signers["bins"]); err != nil {
		return err
	}
	listed.Version = bin.Signed.Version
	return bin.ToFile(repo.path(role, bin.Signed.Version), false)
}

func (repo *repository) publish() error {
	snapshot, timestamp := repo.snapshot, repo.timestamp
	snapshot.Signed.Version++
	snapshot.Signed.Expires = expiry(7)
	snapshot.ClearSignatures()
	if _, err := snapshot.Sign(repo.signers["snapshot"]); err != nil {
		return err
	}
	data, err := snapshot.ToBytes(false)
	if err != nil {
		return err
	}
	if err := os.WriteFile(repo.path("snapshot", snapshot.Signed.Version), data, 0o644); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	listed := metadata.MetaFile(snapshot.Signed.Version)
	listed.Length = int64(len(data))
	listed.Hashes = metadata.Hashes{"sha256": sum[:]}
	timestamp.Signed.Meta["snapshot.json"] = listed
	timestamp.Signed.Version++
	timestamp.Signed.Expires = expiry(1)
	timestamp.ClearSignatures()
	if _, err := timestamp.Sign(repo.signers["timestamp"]); err != nil {
		return err
	}
	pointer := filepath.Join(repo.tree, "timestamp.json")
	if err := timestamp.ToFile(pointer+".new", false); err != nil {
		return err
	}
	return os.Rename(pointer+".new", pointer)
}

func (repo *repository) batch(uploads [][3]any) error {
	byBin := map[string]map[string]*metadata.TargetFiles{}
	for _, upload := range uploads {
		path, length := upload[0].(string), upload[1].(float64)
		var sum metadata.HexBytes
		if err := sum.UnmarshalJSON([]byte(fmt.Sprintf("%q", upload[2]))); err != nil {
			return err
		}
		file := metadata.TargetFile()
		file.Path, file.Length, file.Hashes = path, int64(length), metadata.Hashes{"sha256": sum}
		role := repo.bins.GetRolesForTarget(path)[0].Name
		if byBin[role] == nil {
			byBin[role] = map[string]*metadata.TargetFiles{}
		}
		byBin[role][path] = file
	}
	for role, files := range byBin {
		if err := repo.changeBin(role, files); err != nil {
			return err
		}
	}
	return repo.publish()
}

func (repo *repository) renew() error {
	for _, role := range repo.bins.GetRoles() {
		if err := repo.changeBin(role, nil); err != nil {
			return err
		}
	}
	return repo.publish()
}

func prepareClient(rootPath, metadataURL string) (func(task) (work, error), error) {
	return func(asked task) (work, error) {
		root, err := os.ReadFile(rootPath)
		if err != nil {
			return nil, err
		}
		if asked.Do == "cold" {
			if err := os.RemoveAll(asked.State); err != nil {
				return nil, err
			}
		}
		return func() error { return refresh(root, metadataURL, asked) }, nil
	}, nil
}

func refresh(root []byte, metadataURL string, asked task) error {
	cfg, err := config.New(metadataURL, root)
	if err != nil {
		return err
	}
	cfg.LocalMetadataDir = asked.State
	cfg.LocalTargetsDir = asked.State
	if err := os.MkdirAll(asked.State, 0o700); err != nil {
		return err
	}
	client, err := updater.New(cfg)
	if err != nil {
		return err
	}
	if err := client.Refresh(); err != nil {
		return err
	}
	_, err = client.GetTargetInfo(asked.Target)
	return err
}
