import { describeWrong } from './describe-problem.ts';
import { variableRules } from './variable-rules.ts';
import type { VariableName } from './variables.ts';

/** What is wrong with a variable's value, as a sentence that shows no secret; undefined when it will do. */
export function findFault(name: VariableName, value: string): string | undefined {
  const issue = variableRules.shape[name].safeParse(value).error?.issues[0];
  return issue === undefined ? undefined : describeWrong(name, value, issue.message);
}
