module.exports = {
  output: { assetModuleFilename: '[name].[contenthash][ext]?v=[contenthash]' },
  // The worker fetches the gzipped copy itself; without this the raw 11 MB that ruff_wasm.js names are emitted as well.
  module: { rules: [{ test: /ruff_wasm\.js$/, parser: { url: false } }] }
};
