/** What `--help` says. */

const connection = `  --index URL           the index; without it the state folder says which
  --root FILE           whom to believe: a root that was shipped with this (1.root.json or later)
  --fingerprint HEX     whom to believe: "sha256:" and the hash of the exact bytes of the index's
                        1.root.json
  --tofu                whom to believe: whoever answers first. Needs a terminal, or a state
                        folder that exists
  --state DIR           where trust, cache and evidence are kept (default: one folder for each
                        index below $XDG_STATE_HOME/holdfast or ~/.local/state/holdfast;
                        ./holdfast-data/proxy where it exists)
  --mirror URL          fetch metadata, pages and files there; it is believed no more than the
                        index is
  --credentials FILE    {"username", "password"} for a private index, mode 0600 (default
                        STATE/credentials.json); sent to the index's own origin and nowhere else
  --offline-for TIME    while the index cannot be reached, go on for so long after what was
                        verified expired ("2d")
  --refresh TIME        ask the index at most so often (default 10s)
  --cache-size SIZE     the most that verified files may take on the disk (default "10 GiB")
  --name NAME           the index's name in addresses (default: what it calls itself, else its
                        host). Lock files record it, so it should be the same on every machine
  --config FILE         a TOML file; [proxy] concerns this program. With [[proxy.map]] in it several
                        indexes stand behind one address, and the map says what --index, --root,
                        --fingerprint, --tofu, --mirror and --credentials would`;

const listen = `  --host HOST           the address to listen on (default 127.0.0.1; anything else lets others use
                        this proxy)
  --port N              the port, 0 for any free one (default 8471). Lock files record it too`;

const endings = `   64  a wrong option
   69  the port is taken, or the index cannot be reached at first
   70  anything else
   73  the state folder cannot be used
   76  what the index offers cannot be believed`;

export const proxyHelp: string = `Usage: holdfast proxy --index URL (--root FILE | --fingerprint HEX | --tofu) [OPTIONS]

An index on this machine for pip, uv, poetry and pdm, which serves only what it has verified.

${connection}
${listen}
  --ready-file FILE     appears, with all addresses as JSON, once it accepts connections
  --help

Examples
  holdfast proxy --index https://packages.example.org/ --fingerprint sha256:5891b5b5… &
  pip install --index-url http://127.0.0.1:8471/packages.example.org/simple/ demo
  holdfast proxy --config holdfast.toml         several indexes: docs/guides/several-indexes.md

Ends with
    0  when asked to
${endings}
`;

export const runHelp: string = `Usage: holdfast run [OPTIONS] -- COMMAND…

Runs one command whose pip, uv, pdm or pipenv asks a verifying proxy and nobody else: the proxy
that runs on the state folder, or one that is started for this command and keeps to one view of
the index. Configuration files of pip and uv are left aside, because they could name other
indexes; options of the command and lines of requirements files are not.

${connection}
${listen}
  --keep-config         let configuration files of pip and uv speak
  --help

Examples
  holdfast run -- pip install demo
  holdfast run --index https://packages.example.org/ --tofu -- uv sync

Ends with what the command ends with, or before that with
${endings}
  126  the command cannot be executed
  127  there is no such command
`;

export const statusHelp: string = `Usage: holdfast status [--state DIR | --index URL | --config FILE] [--json]

What the proxy knows of its index, since when, until when, and what it refused with the evidence.
Of a map of several indexes (--config, or the --state of one): the same of each, and what in the
map is allowed and probably not meant.

Ends with 0 when what was verified last is alive (also while the index cannot be reached), 1 when
everything is refused because of a wrong answer, 2 when nothing that was verified is alive, 64 for
a wrong option, 73 when there is no state folder; of several indexes, with the highest of 0 to 2.
`;

export const verifyHelp: string = `Usage: holdfast verify [OPTIONS] FILE…

Whether the index vouches for files on this disk: each must be on its project's verified page,
with the same bytes, and not taken back.

${connection}
  --json                one JSON array
  --help

Examples
  holdfast verify dist/demo-1.0-py3-none-any.whl
  pip download demo -d wheels && holdfast verify wheels/*

Ends with
    0  the index vouches for all of them
    1  it does not for one
    2  that cannot be told for one: the index is not there, or the file cannot be read
${endings}
`;
