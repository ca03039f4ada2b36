// What bin/create-cairn.js loads in the published package: the build.
import '../dist/main.js'
