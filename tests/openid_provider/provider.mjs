// The certified OpenID provider of the npm package `oidc-provider`, as a realm of Keycloak where our programs can see it:
// the same addresses, claims and lifetimes. It takes one JSON object a line from standard input, answers each with one,
// and ends with its input.
//
// usage: node provider.mjs FOLDER, below which the package is installed
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const say = (content) => process.stdout.write(`${JSON.stringify(content)}\n`);
console.log = console.info = console.error; // the package's own remarks are no answers

const installed = createRequire(join(process.argv[2], "package.json"));
const { Provider } = await import(pathToFileURL(installed.resolve("oidc-provider")));

const RESOURCE = "urn:caseloop:desk"; // programs' tokens are for it; the audience in them is the desk's own
const state = { people: {}, keys: [], grants: [], accessTokens: new Set() };
let given, issuer, base, provider, answer;

function addKey(algorithm) {
  const { privateKey } =
    algorithm === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("rsa", { modulusLength: 2048 });
  const kid = `key-${Date.now()}-${state.keys.length}`;
  state.keys.unshift({ ...privateKey.export({ format: "jwk" }), kid, alg: algorithm, use: "sig" });
}

function clients() {
  const { hub, program } = given;
  return [
    {
      client_id: hub.id,
      client_secret: hub.secret,
      redirect_uris: [hub.callback],
      post_logout_redirect_uris: [hub.afterSignOut],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
    },
    {
      client_id: program.id,
      client_secret: program.secret,
      redirect_uris: [],
      grant_types: ["client_credentials"],
      response_types: [],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ];
}

/** Nobody is asked whether our own Hub may know who he is. */
async function grantWithoutAsking(ctx) {
  const { client, session } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  if (known) return provider.Grant.find(known);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid profile");
  await grant.save();
  return grant;
}

function configuration() {
  return {
    clients: clients(),
    jwks: { keys: state.keys },
    cookies: { keys: [given.hub.secret] },
    clockTolerance: 0,
    pkce: { required: () => true },
    scopes: ["openid", "profile"],
    claims: { openid: ["sub"], profile: ["preferred_username", "roles", "groups"] },
    findAccount: (_, name) =>
      state.people[name] && {
        accountId: name,
        claims: () => ({ sub: name, preferred_username: name, ...state.people[name].claims }),
      },
    loadExistingGrant: grantWithoutAsking,
    interactions: { url: (_, interaction) => `${base}/login/${interaction.uid}` },
    issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    extraTokenClaims: (_, token) =>
      token.kind === "ClientCredentials"
        ? { azp: token.clientId, preferred_username: `service-account-${token.clientId}`, roles: [given.program.role] }
        : undefined,
    ttl: { AccessToken: 300, ClientCredentials: 300, IdToken: 300, RefreshToken: 1800, Session: 36000, Grant: 36000, Interaction: 600 },
    routes: Object.fromEntries(
      Object.entries({ authorization: "auth", token: "token", userinfo: "userinfo", jwks: "certs", end_session: "logout" }).map(
        ([name, path]) => [name, `${base}/protocol/openid-connect/${path}`],
      ),
    ),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = form.replace("</form>", '<button name="logout" value="yes">Sign me out</button></form>');
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, client) => (client.clientId === given.program.id ? RESOURCE : undefined),
        getResourceServerInfo: () => ({
          scope: "",
          audience: given.audience,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: state.keys[0].alg } },
        }),
      },
    },
  };
}

/** A provider with the keys of now; what it has given out is kept elsewhere, and stays. */
function renew() {
  provider = new Provider(issuer, configuration());
  provider.proxy = Boolean(given.issuer);
  provider.on("grant.success", (ctx) => state.grants.push(ctx.oidc.params.grant_type));
  provider.on("access_token.saved", (token) => state.accessTokens.add(token));
  answer = provider.callback();
}

async function signIn(request, response) {
  await provider.interactionDetails(request, response);
  const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
  const name = form.get("username");
  if (request.method === "POST" && state.people[name]?.password === form.get("password")) {
    await provider.interactionFinished(request, response, { login: { accountId: name } });
    return;
  }
  response.setHeader("content-type", "text/html").end(
    `<form method="post" action="${request.url}"><input name="username"><input name="password" type="password"></form>`,
  );
}

function handle(request, response) {
  if (request.url.startsWith(`${base}/login/`)) {
    signIn(request, response).catch((error) => response.writeHead(400).end(String(error)));
    return;
  }
  // the one address that the package does not let us choose
  if (request.url === `${base}/.well-known/openid-configuration`) request.url = request.url.slice(base.length);
  answer(request, response);
}

const COMMANDS = {
  async start(wanted) {
    given = wanted;
    state.people = wanted.people;
    addKey("RS256");
    // with an issuer of another address it stands behind what speaks TLS there
    const server = given.issuer
      ? createPlainServer(handle)
      : createServer({ cert: readFileSync(given.certificate), key: readFileSync(given.key) }, handle);
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address();
    base = `/realms/${given.realm}`;
    issuer = given.issuer ?? `https://127.0.0.1:${port}${base}`;
    renew();
    return { issuer, port };
  },
  people({ people }) {
    state.people = people;
    return {};
  },
  rotate({ algorithm, withdraw }) {
    if (withdraw) state.keys = [];
    addKey(algorithm);
    renew();
    return {};
  },
  async endAccessTokens() {
    await Promise.all([...state.accessTokens].map((token) => token.destroy()));
    state.accessTokens.clear();
    return {};
  },
  grants() {
    return { grants: state.grants };
  },
};

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { command, ...more } = JSON.parse(line);
    try {
      say(await COMMANDS[command](more));
    } catch (error) {
      say({ failed: String(error?.stack ?? error) });
    }
  })
  .on("close", () => process.exit());
