// A defect of one page must not take the others with it.
import { Component, type ComponentChildren } from 'preact';
import { Problem } from '../lib/api';
import { Failed } from '../ui/states';

export class Boundary extends Component<{ children: ComponentChildren }, { error?: Error }> {
	static getDerivedStateFromError(error: Error) {
		return { error };
	}
	componentDidCatch(error: Error) {
		console.error(error);
	}
	render() {
		if (!this.state.error) return this.props.children;
		return (
			<div class="page">
				<Failed
					problem={new Problem(`A defect of this page: ${this.state.error.message}`, -1, 'page', '')}
					what="This page stopped"
					still="The other pages work, and requests are routed as before."
					retry={() => this.setState({ error: undefined })}
				/>
			</div>
		);
	}
}
