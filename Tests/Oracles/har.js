// Validates HTTP Archives by har-validator (Debian: node-har-validator, NODE_PATH=/usr/share/nodejs). Prints a line for each that is
// not valid, and at the end how many entries were.
const fs = require("fs");
const { har } = require("har-validator");

(async () => {
  let entries = 0;
  for (const path of process.argv.slice(2)) {
    const archive = JSON.parse(fs.readFileSync(path, "utf8"));
    try {
      await har(archive);
      entries += archive.log.entries.length;
    } catch (error) {
      console.log(path, "is not valid:", JSON.stringify(error.errors).slice(0, 400));
    }
  }
  console.log(entries, "valid");
})();
