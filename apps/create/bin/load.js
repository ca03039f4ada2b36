import '../src/main.ts'
