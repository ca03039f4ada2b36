// What bin/cairn.js loads in the published package: the build. In the repository, bin/load.js may load the sources instead.
import '../dist/module-redirects.js'
import '../dist/main.js'
