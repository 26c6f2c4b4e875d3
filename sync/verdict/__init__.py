"""Whether what landed was tested: the evidence, the classifier, the judgement."""
