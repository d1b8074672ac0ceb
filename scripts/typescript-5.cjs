// The compiler API of TypeScript 5, which schema-codegen uses; TypeScript 7 no longer has it.
module.exports = require('@ts-morph/common').ts;
