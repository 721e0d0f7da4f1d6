--- version: the number of this release, for parts that know no core.

return require("equinix.core")._VERSION
