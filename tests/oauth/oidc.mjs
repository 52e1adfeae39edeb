// oidc-provider with the clients in its argument. Says its issuer when it listens, and ends with its standard input.
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

console.info = console.warn = () => {}; // its advice for production
const { default: Provider } = await import(
  pathToFileURL(join(process.env.DCVD_NODE_MODULES, "oidc-provider/lib/index.js"))
);
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: JSON.parse(process.argv[2]),
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "none"],
    cookies: { keys: ["of these tests alone"] },
    features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    scopes: ["openid", "offline_access", "dns.read", "dns.write"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    // Whoever logs in has that name as address; it is verified unless it says otherwise.
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.net`, email_verified: !id.startsWith("unverified"), groups: [`${id}s`] }),
    }),
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 600 },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.on("end", () => process.exit(0)).resume();
