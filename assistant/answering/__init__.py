"""Answers over documents: plan, evidence, prompt, generation, proof."""
