/** What `holdfast recover --help` prints. */
export const recoverHelp: string = `Usage: holdfast recover plan    --data DIR --stolen WHAT --good COPY --out PLAN [OPTIONS]
       holdfast recover publish --data DIR --plan PLAN [--ceremony SIGNED] CHOICE [OPTIONS]
       holdfast recover         --data DIR --stolen WHAT --good COPY --keys FOLDER CHOICE [OPTIONS]

After a break-in: replaces every stolen key through root, compares every page with a copy from
before the theft, puts back what the thief changed, and publishes it all in one batch. End the
signer first, and run this as the signer's user. Begun again after a crash anywhere, it goes on.

plan says what has to be done for exactly these stolen keys, makes the new online keys, and writes
into PLAN: report.txt and report.jsonl, what differs from the copy; next.ceremony, for the holders
of the offline keys, who look at it and sign it with \`holdfast ceremony\`. publish does it. Without
either word both are done at once, with offline keys that lie in a folder.

  --data DIR          the data folder (default ./holdfast-data)
  --config FILE       a TOML file; [signer.lifetimes] says how long what is signed lives
  --stolen WHAT       whose keys a thief may have: all-online, or of these, with commas between:
                      timestamp, snapshot, deny, recently-claimed, unclaimed, bins (they lie in
                      one folder: all-online unless you know better), root, targets, claimed;
                      none: only the index was taken
  --good COPY         a copy of the public tree from before the theft: a mirror's folder, or a copy
                      of DATA/public; with files/ in it, files come back too
  --no-copy           there is none; nothing is compared
  --good-root FILE    the root to verify the copy from (default: the first root of DATA)
  --check-files       read all stored files of good pages, in the copy and in DATA
  --out PLAN          the plan's folder (without plan: default DATA/recovery)
  --card OWNER=FILE   plan: the card of a new key of root, targets or claimed; several times
  --plan PLAN         publish: the folder that plan made
  --ceremony SIGNED   publish: the signed ceremony file
  --keys FOLDER       the offline keys' folder, as init makes it
  --yes               without plan or publish: do not ask
  --again             without plan or publish: also where a recovery of the same theft is done in
                      the plan's folder; that one is kept beside it
  --json              one JSON object instead of sentences
  --help

CHOICE, one of these; what differs may be a thief's work, or an honest release since the copy
  --restore A,B       put these projects back
  --restore-all       put all of them back
  --keep A,B          put all but these back
  --restore-none      leave all pages as they are

Examples
  holdfast recover plan --data DATA --stolen all-online --good /backup/public --out PLAN
  holdfast recover publish --data DATA --plan PLAN --ceremony PLAN/next.ceremony --keep my-app
  holdfast recover --data DATA --stolen all-online --good /backup/public --keys /media/keys \\
      --restore-all

Ends with 0 when it is done or nothing is left to do, 3 when a recovery of the same theft was done
before and --again is not said, 64 for a wrong option, choice or configuration, 65 when the copy,
the plan or the ceremony cannot be used or lacks a signature, 70 when it could not go on, 73 when
keys or the data folder are missing or unusable, 75 while a signer works on the data folder, 130
when the question was answered with no.
`;
