// All that speaks KQL, in one process: the language service takes seconds to wake up.
import './kql/evaluator.ts'
import './kql/queries.ts'
import './kql/answers.ts'
import './kql/function.ts'
