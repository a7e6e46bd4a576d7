// An OpenID provider on the loopback address: `node provider.mjs '{"port": …, "clients": […]}'`. Its keys are new at each start.
//
// A test posts to /control: `people` are more claims by login, `lies` change what is sent. Each other request is the provider's.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const { port, clients, home } = JSON.parse(process.argv[2]);
const load = (file) => import(pathToFileURL(`${home}/node_modules/${file}`));
const { default: Provider } = await load("oidc-provider/lib/index.js");
const jose = await load("jose/dist/webapi/index.js");

const issuer = `http://127.0.0.1:${port}`;
const kid = `key-${Date.now()}`;
const make = async () => (await jose.generateKeyPair("RS256", { extractable: true })).privateKey;
const [key, foreignKey] = await Promise.all([make(), make()]);
let people = {};
let lies = {};

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [{ ...(await jose.exportJWK(key)), kid, alg: "RS256", use: "sig" }] },
  cookies: { keys: ["tests only"] },
  claims: { email: ["email", "email_verified"], profile: ["name", "groups"] },
  // A person's subject is the login.
  findAccount: (_ctx, login) => ({
    accountId: login,
    claims: () => ({ sub: login, email: login, email_verified: true, name: login, ...people[login] }),
  }),
  // No question about the consent, as in a company.
  async loadExistingGrant(ctx) {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid email profile");
    await grant.save();
    return grant;
  },
});

async function signAgain(token) {
  const claims = { ...jose.decodeJwt(token), ...lies.token };
  const signer = lies.foreignKey ? foreignKey : key;
  return new jose.SignJWT(claims).setProtectedHeader(jose.decodeProtectedHeader(token)).sign(signer);
}

function change(address) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(lies.answer)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
}

async function lie(ctx) {
  const bodies = { "/.well-known/openid-configuration": lies.discovery, "/me": lies.userinfo };
  if (bodies[ctx.path]) ctx.body = { ...ctx.body, ...bodies[ctx.path] };
  if (lies.token && ctx.body?.id_token) ctx.body.id_token = await signAgain(ctx.body.id_token);
  const target = ctx.response.get("Location") ?? "";
  if (lies.answer && target.includes("state=")) ctx.response.set("Location", change(target));
}
provider.use((ctx, next) => next().then(() => lie(ctx)));

const answer = provider.callback();
createServer(async (request, response) => {
  if (request.url !== "/control") return answer(request, response);
  const parts = [];
  for await (const part of request) parts.push(part);
  const told = JSON.parse(Buffer.concat(parts));
  people = told.reset ? {} : { ...people, ...told.people };
  lies = told.reset ? {} : (told.lies ?? lies);
  response.writeHead(204).end();
}).listen(port, "127.0.0.1");
