/**
 * The modules that extras.js has in common with the app, by path. The build fills this in (build.mjs); where modules are loaded one
 * by one, as in the tests, nothing is in common that would have to be passed on.
 */
export const kit: Readonly<Record<string, unknown>> = {};
