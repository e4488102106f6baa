import { testAccountStore } from "#core/accounts/account-store.contract.ts";
import { testReleaseStore } from "#core/releases/release-store.contract.ts";
import { createMemoryAccountStore } from "./account-store.ts";
import type { ReleaseStoreUnderTest } from "#core/releases/release-store.contract.ts";
import { MemoryReleaseStore } from "./release-store.ts";

const make = async (): Promise<ReleaseStoreUnderTest> => {
  const accounts = createMemoryAccountStore();
  return { accounts, store: new MemoryReleaseStore(accounts), close: async () => {} };
};

testAccountStore("memory", make);
testReleaseStore("memory", make);
